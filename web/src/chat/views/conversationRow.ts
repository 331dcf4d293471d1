// One conversation of the list, and the field in which its title is changed.
import type { ConversationSummary } from '../conversations/conversation.ts';
import { button, element } from '../element.ts';
import { testIds } from '../testIds.ts';

export interface RowActions {
  onOpen: () => void;
  onRename: () => void;
  onRemove: () => void;
}

export function conversationRow(
  { id, title }: ConversationSummary,
  isShown: boolean,
  { onOpen, onRename, onRemove }: RowActions,
): HTMLLIElement {
  const open = element(
    'button',
    {
      type: 'button',
      class: 'conversation-open',
      testId: testIds.openConversation,
      title,
      ...(isShown ? { 'aria-current': 'page' } : {}),
    },
    title,
  );
  open.addEventListener('click', onOpen);
  return element(
    'li',
    { class: 'conversation', testId: testIds.conversation, 'data-id': id },
    open,
    button({
      label: `Rename “${title}”`,
      icon: 'pencil',
      iconOnly: true,
      testId: testIds.renameConversation,
      onClick: onRename,
    }),
    button({
      label: `Delete “${title}”`,
      icon: 'trash',
      iconOnly: true,
      testId: testIds.deleteConversation,
      onClick: onRemove,
    }),
  );
}

// Enter or leaving the field keeps the title, Escape does not: then `onDone` gets null.
export function createTitleField(
  title: string,
  onDone: (title: string | null, byKey: boolean) => void,
): HTMLInputElement {
  const field = element('input', {
    type: 'text',
    class: 'rename',
    'aria-label': 'Title of the conversation',
    testId: testIds.conversationTitle,
    value: title,
  });
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    onDone(event.key === 'Enter' ? field.value : null, true);
  });
  field.addEventListener('blur', () => onDone(field.value, false));
  return field;
}
