// A block of code with its language and a button that copies it.
import { copyText } from '../clipboard.ts';
import { button, element } from '../element.ts';
import { testIds } from '../testIds.ts';

export function createCodeBlock(text: string, language: string): HTMLElement {
  const code = element('code', {}, text);
  const copy = button({
    label: 'Copy code',
    icon: 'copy',
    class: 'code-copy',
    testId: testIds.copyCode,
    onClick: () => void copyText(code.textContent, copy),
  });
  return element(
    'figure',
    { class: 'code-block', 'data-language': language },
    element(
      'figcaption',
      {},
      element('span', { class: 'code-language' }, language || 'text'),
      copy,
    ),
    element(
      'pre',
      { tabindex: '0', role: 'group', 'aria-label': language ? `Code, ${language}` : 'Code' },
      code,
    ),
  );
}

// Changes the text of a block that createCodeBlock made; cheap where it only grew.
export function updateCodeBlock(block: HTMLElement, text: string): void {
  const code = block.querySelector('code');
  if (!code) return;
  const shown = code.firstChild;
  if (shown instanceof Text && code.childNodes.length === 1) {
    if (text.startsWith(shown.data)) shown.appendData(text.slice(shown.length));
    else shown.data = text;
  } else {
    code.textContent = text;
  }
}
