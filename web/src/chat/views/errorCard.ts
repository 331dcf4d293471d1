// A failure as sentences, with buttons that lead out of it.
import { type Advice, kWayOutLabels, type WayOut } from '../errorAdvice.ts';
import { button, element, icon } from '../element.ts';
import { type TestId, testIds } from '../testIds.ts';

export function createErrorCard(
  advice: Advice,
  testId: TestId,
  onWayOut: (way: WayOut) => void,
): HTMLElement {
  const buttons = advice.waysOut.map((way, index) => {
    const made = button({
      label: kWayOutLabels[way],
      class: index === 0 ? 'button primary' : 'button',
      testId: testIds.wayOut,
      onClick: () => onWayOut(way),
    });
    made.dataset['action'] = way;
    return made;
  });
  return element(
    'div',
    { class: 'error-card', role: 'alert', testId },
    icon('warning'),
    element(
      'div',
      {},
      element('p', { class: 'error-title' }, advice.title),
      element('p', {}, advice.explanation),
      element('div', { class: 'button-row' }, ...buttons),
    ),
  );
}
