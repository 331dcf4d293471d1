// Modal dialogs: the browser's own, which keep the focus and give it back.
import { button, element, part } from '../element.ts';
import { testIds } from '../testIds.ts';

export interface Question {
  title: string;
  explanation: string;
  confirm: string;
}

// True if the person confirmed; Escape and the other button say no.
export function ask(question: Question): Promise<boolean> {
  const dialog = part('confirmation', HTMLDialogElement);
  const heading = element('h2', { id: 'confirmation-heading' }, question.title);
  const row = element(
    'div',
    { class: 'button-row end' },
    button({ label: 'Cancel', testId: testIds.cancel, onClick: () => dialog.close() }),
    button({
      label: question.confirm,
      class: 'button danger',
      testId: testIds.confirm,
      onClick: () => dialog.close('confirmed'),
    }),
  );
  dialog.replaceChildren(heading, element('p', {}, question.explanation), row);
  dialog.returnValue = '';
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'confirmed'), {
      once: true,
    });
    dialog.showModal();
  });
}
