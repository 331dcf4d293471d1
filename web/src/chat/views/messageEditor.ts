// The field in which a question is edited: Enter sends the new version, Escape leaves the old one.
import { button, element } from '../element.ts';
import { testIds } from '../testIds.ts';
import { growWithText } from './growWithText.ts';

// `onDone` gets the new text, or null if nothing is to change.
export function createEditor(text: string, onDone: (text: string | null) => void): HTMLFormElement {
  const field = element('textarea', { 'aria-label': 'Edit message', testId: testIds.editText });
  field.value = text;
  const save = element(
    'button',
    { type: 'submit', class: 'button primary', testId: testIds.saveEdit },
    'Send',
  );
  const cancel = button({
    label: 'Cancel',
    testId: testIds.cancelEdit,
    onClick: () => onDone(null),
  });
  const form = element(
    'form',
    { class: 'editor', 'aria-label': 'Edit message' },
    field,
    element('div', { class: 'button-row end' }, cancel, save),
  );
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      onDone(null);
    } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (field.value.trim() !== '') onDone(field.value);
  });
  queueMicrotask(() => growWithText(field));
  return form;
}
