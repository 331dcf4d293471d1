// The field in which one writes, and the button that sends or stops.
import { part } from '../element.ts';
import { growWithText } from './growWithText.ts';

export interface ComposerActions {
  // False if the text is not taken: then it stays in the field.
  send(text: string): boolean;
  stop(): void;
  editLastQuestion(): void;
}

export interface Composer {
  setAnswering(isAnswering: boolean): void;
  setPlaceholder(text: string): void;
  focus(): void;
}

export function createComposer(actions: ComposerActions): Composer {
  const form = part('composer', HTMLFormElement);
  const field = part('composer-text', HTMLTextAreaElement);
  const send = part('send', HTMLButtonElement);
  const stop = part('stop', HTMLButtonElement);
  const scroller = part('scroller', HTMLElement);

  const update = () => {
    send.disabled = field.value.trim() === '';
  };
  const changeText = (text: string) => {
    field.value = text;
    field.dispatchEvent(new Event('input'));
  };
  growWithText(field);
  field.addEventListener('input', update);
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === 'ArrowUp' && field.value === '') {
      event.preventDefault();
      actions.editLastQuestion();
    } else if (event.key === 'PageUp' || event.key === 'PageDown') {
      event.preventDefault();
      const distance = scroller.clientHeight * 0.85;
      scroller.scrollBy({ top: event.key === 'PageUp' ? -distance : distance });
    }
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (field.value.trim() !== '' && actions.send(field.value)) changeText('');
  });
  stop.addEventListener('click', () => {
    actions.stop();
    field.focus();
  });
  update();

  return {
    setAnswering(isAnswering) {
      const hadFocus = document.activeElement === send || document.activeElement === stop;
      send.hidden = isAnswering;
      stop.hidden = !isAnswering;
      if (hadFocus) field.focus();
    },
    setPlaceholder(text) {
      field.placeholder = text;
    },
    focus: () => field.focus(),
  };
}
