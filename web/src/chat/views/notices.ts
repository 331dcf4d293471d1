// Short notices above the message field, until they are dismissed or replaced.
import { button, element, part } from '../element.ts';
import { testIds } from '../testIds.ts';
import { announce } from './announcer.ts';

const kNoticesMax = 2;

export function showNotice(sentence: string): void {
  const notices = part('notices', HTMLElement);
  for (const shown of [...notices.children]) {
    if (shown.firstChild?.textContent === sentence) shown.remove();
  }
  const notice = element(
    'div',
    { class: 'notice', testId: testIds.notice },
    element('p', {}, sentence),
    button({ label: 'Dismiss', icon: 'close', iconOnly: true, onClick: () => notice.remove() }),
  );
  notices.append(notice);
  while (notices.children.length > kNoticesMax) notices.firstElementChild?.remove();
  announce(sentence);
}
