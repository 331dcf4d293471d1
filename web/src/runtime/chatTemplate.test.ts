import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../engine/openaiTypes.ts';
import { ChatTemplate } from './chatTemplate.ts';

function render(
  chatTemplate: string,
  messages: ChatMessage[],
  specialTokens: Record<string, string> = {},
): string {
  return new ChatTemplate({ name: 'tiny', chatTemplate, specialTokens }).render(messages);
}

const conversation: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Hi' },
  { role: 'user', content: 'Bye <|end|> ünïcode 🙂' },
];

const chatml =
  "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}" +
  "{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}" +
  "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

describe('chat templates', () => {
  test('the embedded model’s own gives its prompt', () => {
    const path = '../../../tests/models/story15m/chat_template.jinja';
    const template = readFileSync(new URL(path, import.meta.url), 'utf8');
    expect(render(template, conversation.slice(1))).toBe(
      '<|user|>Hello<|end|><|assistant|>Hi<|end|>' +
        '<|user|>Bye <|end|> ünïcode 🙂<|end|><|assistant|>',
    );
  });

  test('ChatML, with a system prompt of its own', () => {
    expect(render(chatml, [{ role: 'user', content: 'Hi' }])).toBe(
      '<|im_start|>system\nYou help.<|im_end|>\n' +
        '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
    );
  });

  test('special tokens come from the manifest', () => {
    const template = "{{ bos_token }}{{ messages[0]['content'] | trim }}{{ eos_token }}";
    const tokens = { bos_token: '<s>', eos_token: '</s>' };
    expect(render(template, [{ role: 'user', content: '  x ' }], tokens)).toBe('<s>x</s>');
  });

  test('a template may test for tools and dates that are not there', () => {
    const template =
      '{% if tools is defined and tools %}tools{% else %}none{% endif %}' +
      '{% if not date_string is defined %}{% set date_string = "26 Jul" %}{% endif %}' +
      '{{ date_string }}';
    expect(render(template, conversation)).toBe('none26 Jul');
  });

  test('a template may ask for the date', () => {
    expect(render('{{ strftime_now("%Y") }}', conversation)).toMatch(/^20\d\d$/);
  });

  test('content in parts is joined, and developer counts as system', () => {
    const messages: ChatMessage[] = [
      {
        role: 'developer',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ];
    expect(render("{{ messages[0]['role'] }}:{{ messages[0]['content'] }}", messages)).toBe(
      'system:ab',
    );
  });

  test('a refusal by the template is the request’s fault, with its reason', () => {
    const template = "{{ raise_exception('Roles must alternate') }}";
    expect(() => render(template, conversation)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringContaining('Roles must alternate') as string,
      }),
    );
  });

  test('an empty conversation is refused', () => {
    expect(() => render(chatml, [])).toThrow(/no messages/);
  });

  test('a template that cannot be parsed names its model', () => {
    expect(() => render('{% if %}', conversation)).toThrow(/template of tiny/);
  });

  test('a model without a template cannot chat, and says so', () => {
    const manifest = { name: 'tiny', chatTemplate: null, specialTokens: {} };
    expect(() => new ChatTemplate(manifest)).toThrow(/tiny has no chat template/);
  });
});
