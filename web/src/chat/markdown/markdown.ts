// Markdown to DOM nodes that are safe to show, whatever a model wrote. HTML in the text stays text,
// images become
// links (nothing is fetched because a model says so), and links lead only to http, https and mailto
// addresses.
import DOMPurify from 'dompurify';
import { Marked, type Token, type Tokens } from 'marked';
import { createCodeBlock } from './codeBlock.ts';

export type Block = Token;

// The page's own headings go down to level 2. Models begin with any level, and leaving one out
// would mislead those
// who navigate by headings: so there are only two, and the class keeps the looks apart.
const kHeadingLevel = 3;
const kDeepHeadingDepth = 4;

const marked = new Marked({
  gfm: true,
  breaks: true,
  tokenizer: { html: () => undefined, tag: () => undefined },
  renderer: {
    heading(token) {
      const level = token.depth < kDeepHeadingDepth ? kHeadingLevel : kHeadingLevel + 1;
      const text = this.parser.parseInline(token.tokens);
      return `<h${level} class="depth-${token.depth}">${text}</h${level}>`;
    },
    image: ({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(text || href)}</a>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
});

const kAllowedTags =
  'p br hr h3 h4 strong em del code pre blockquote ul ol li table thead tbody tr th td a';
const kPlainAttributes = ['title', 'class', 'start', 'align'];
const kAllowedAttributes = ['href', ...kPlainAttributes];

// The blocks of a text, in order; their `raw` fields joined are the text, up to white space.
export function splitBlocks(markdown: string): Block[] {
  return marked.lexer(markdown.replaceAll('\r\n', '\n'));
}

export function renderBlock(block: Block): Node[] {
  if (block.type === 'space' || block.type === 'def') return [];
  if (isCode(block)) return [createCodeBlock(block.text, languageOf(block))];
  const fragment = DOMPurify.sanitize(marked.parser([block]), {
    ALLOWED_TAGS: kAllowedTags.split(' '),
    ALLOWED_ATTR: kAllowedAttributes,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
    ADD_URI_SAFE_ATTR: kPlainAttributes,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  improve(fragment);
  return [...fragment.childNodes].filter(isVisible);
}

export function renderMarkdown(markdown: string): Node[] {
  return splitBlocks(markdown).flatMap(renderBlock);
}

export function isCode(block: Block): block is Tokens.Code {
  return block.type === 'code';
}

export function languageOf(block: Tokens.Code): string {
  return block.lang?.trim().split(/\s/, 1)[0] ?? '';
}

// White space between elements means nothing in HTML.
function isVisible(node: Node): boolean {
  return !(node instanceof Text) || node.data.trim() !== '';
}

function improve(fragment: DocumentFragment): void {
  for (const link of fragment.querySelectorAll('a')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
  }
  for (const code of fragment.querySelectorAll('pre > code')) {
    const language = /language-(\S+)/.exec(code.className)?.[1] ?? '';
    code.parentElement?.replaceWith(createCodeBlock(code.textContent, language));
  }
  for (const table of fragment.querySelectorAll('table')) {
    const scroller = document.createElement('div');
    scroller.className = 'table-scroller';
    scroller.tabIndex = 0;
    scroller.setAttribute('role', 'group');
    scroller.setAttribute('aria-label', 'Table');
    table.replaceWith(scroller);
    scroller.append(table);
  }
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
