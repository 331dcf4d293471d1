// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { renderMarkdown, splitBlocks } from './markdown.ts';

function render(markdown: string): HTMLElement {
  const container = document.createElement('div');
  container.append(...renderMarkdown(markdown));
  return container;
}

describe('markdown', () => {
  it('becomes headings, lists, emphasis and tables', () => {
    const shown = render('## Title\n\n- **one**\n- two\n\n| a | b |\n|---|--:|\n| 1 | 2 |');
    expect(shown.querySelector('h3')?.textContent).toBe('Title');
    expect(shown.querySelectorAll('li')).toHaveLength(2);
    expect(shown.querySelector('strong')?.textContent).toBe('one');
    expect(shown.querySelector('td:last-child')?.getAttribute('align')).toBe('right');
    expect(shown.querySelector('table')?.parentElement?.tabIndex).toBe(0);
  });

  it('shows code with its language and a button that copies it', () => {
    const shown = render('```python title\nprint("<b>")\n```');
    expect(shown.querySelector('code')?.textContent).toBe('print("<b>")');
    expect(shown.querySelector('figure')?.dataset['language']).toBe('python');
    expect(shown.querySelector('[data-testid="copy-code"]')).not.toBeNull();
  });

  it('does the same for code within lists', () => {
    const shown = render('1. First\n\n   ```c\n   int x;\n   ```\n');
    expect(shown.querySelector('li figure')?.getAttribute('data-language')).toBe('c');
    expect(shown.querySelector('li code')?.textContent.trim()).toBe('int x;');
  });

  it('opens links elsewhere, without telling where they come from', () => {
    const link = render('[a](https://example.com/x)').querySelector('a');
    expect(link?.href).toBe('https://example.com/x');
    expect([link?.target, link?.rel]).toEqual(['_blank', 'noopener noreferrer']);
  });

  it('keeps task lists as signs', () => {
    const shown = render('- [x] done\n- [ ] open');
    expect(shown.textContent).toContain('☑ done');
    expect(shown.textContent).toContain('☐ open');
  });
});

describe('what a model must not do', () => {
  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg><animate onbegin=alert(1)></svg>',
    'text <b onclick="alert(1)">bold</b>',
    '<style>body{display:none}</style>',
    '<iframe src="/x"></iframe>',
    '<form action="/x"><input></form>',
    '> <a href="javascript:alert(1)">x</a>',
    '<div>\n\n**bold**\n\n</div>',
  ])('%s stays text', (markdown) => {
    const shown = render(markdown);
    const allowed = 'p, blockquote, strong, br';
    const others = [...shown.querySelectorAll('*')].filter((node) => !node.matches(allowed));
    expect(others.map((node) => node.outerHTML)).toEqual([]);
    expect(shown.textContent).toContain('<');
    expect([...shown.querySelectorAll('*')].flatMap((node) => [...node.attributes])).toEqual([]);
  });

  it.each([
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](vbscript:x)',
    '![x](javascript:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](file:///etc/passwd)',
  ])('%s leads nowhere', (markdown) => {
    const link = render(markdown).querySelector('a');
    expect(link?.hasAttribute('href') ?? false).toBe(false);
  });

  it('makes no image, so that nothing is fetched', () => {
    const shown = render('![cat](https://example.com/cat.png "t")');
    expect(shown.querySelector('img')).toBeNull();
    expect(shown.querySelector('a')?.textContent).toBe('cat');
  });

  it('cannot break out of a code block’s language', () => {
    const shown = render('```"><img src=x onerror=alert(1)>\nx\n```');
    expect(shown.querySelector('img')).toBeNull();
  });
});

describe('blocks', () => {
  it.each([
    'a\n\nb\n',
    '# x\ntext\n```js\ncode',
    '- a\n- b\n\n\n1. c\n\n> q\n',
    '',
    '\n\n',
    'a\r\nb',
  ])('of %j join to the text', (markdown) => {
    const raws = splitBlocks(markdown).map((block) => block.raw);
    expect(raws.join('')).toBe(markdown.replaceAll('\r\n', '\n'));
  });
});
