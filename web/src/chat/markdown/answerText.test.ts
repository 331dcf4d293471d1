// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { AnswerText, splitThinking } from './answerText.ts';

describe('what a model thinks aloud', () => {
  it.each([
    ['Hello', 'Hello', '', false],
    ['<th', '', '', false],
    ['', '', '', false],
    ['<the end', '<the end', '', false],
    ['\n<think>Well', '', 'Well', true],
    ['<think>Well</thi', '', 'Well</thi', true],
    ['<think>\nWell\n</think>\n\nYes <think>', 'Yes <think>', 'Well', false],
    ['<think>\n\n</think>\n\nYes', 'Yes', '', false],
  ])('is kept apart in %j', (content, answer, thinking, isThinking) => {
    expect(splitThinking(content, false)).toEqual({ answer, thinking, isThinking });
  });

  it('is no longer waited for when the answer is complete', () => {
    expect(splitThinking('<th', true).answer).toBe('<th');
    expect(splitThinking('<think>Hm', true)).toMatchObject({ thinking: 'Hm', isThinking: false });
  });
});

describe('an answer', () => {
  const kContent = '<think>\nFirst, *this*.\n</think>\n\nThe **answer**.';

  it('shows its thoughts folded away, however it arrives', () => {
    const whole = new AnswerText();
    whole.showRendered(kContent);
    const streamed = new AnswerText();
    streamed.start('');
    for (const character of kContent) streamed.append(character);
    streamed.finish();
    for (const { prose, thinking } of [whole, streamed]) {
      expect(prose.innerHTML).toBe('<p>The <strong>answer</strong>.</p>');
      expect(thinking.hidden).toBe(false);
      expect(thinking.hasAttribute('open')).toBe(false);
      expect(thinking.querySelector('div')?.textContent).toBe('First, *this*.');
      expect(thinking.querySelector('summary')?.textContent).toBe('Thoughts');
    }
  });

  it('without thoughts has no place for them', () => {
    const answer = new AnswerText();
    answer.start('<');
    answer.append('b');
    answer.finish();
    expect(answer.thinking.hidden).toBe(true);
    expect(answer.prose.textContent).toBe('<b');
  });
});
