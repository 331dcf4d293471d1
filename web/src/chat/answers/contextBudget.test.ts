import { describe, expect, it } from 'vitest';
import type { Message } from '../conversations/conversation.ts';
import { chooseContextStart } from './contextBudget.ts';
import { newMessage } from './newRecords.ts';
import { chatMessages, continuationPrompt, messagesInContext } from './prompt.ts';

function conversation(turns: number): Message[] {
  return Array.from({ length: turns * 2 }, (_, index) => {
    const role = index % 2 === 0 ? 'user' : 'assistant';
    return { ...newMessage('c', null, role, `${role} ${index}`), id: String(index) };
  });
}

describe('leaving out the oldest turns', () => {
  it('keeps as many of the newest as fit into half the context', () => {
    const messages = conversation(5);
    const counts = messages.map(() => 92);
    // Each message takes 100 tokens with its markers; half of 1,000 holds five, but turns are kept
    // whole.
    expect(chooseContextStart(messages, counts, 1000, 0)).toBe('6');
  });

  it('leaves out at least one turn, even where all would fit', () => {
    const messages = conversation(3);
    const counts = messages.map(() => 1);
    expect(chooseContextStart(messages, counts, 8192, 0)).toBe('2');
  });

  it('keeps the last question where nothing else fits', () => {
    const messages = conversation(3).slice(0, 5);
    const counts = messages.map(() => 600);
    expect(chooseContextStart(messages, counts, 1000, 0)).toBe('4');
  });

  it('counts the system prompt', () => {
    const messages = conversation(5);
    const counts = messages.map(() => 92);
    expect(chooseContextStart(messages, counts, 1000, 250)).toBe('8');
  });

  it('finds nothing to leave out of a single question', () => {
    expect(chooseContextStart(conversation(1).slice(0, 1), [5000], 1000, 0)).toBeNull();
    expect(chooseContextStart([], [], 1000, 0)).toBeNull();
  });
});

describe('what the model reads', () => {
  const summary = {
    ...{ id: 'c', title: '', createdAtMs: 0, updatedAtMs: 0, sampling: {}, leafId: null },
    ...{ systemPrompt: ' Be brief. ', contextStartId: '2' },
  };

  it('is the system prompt and the messages from the start of the context on', () => {
    expect(chatMessages(summary, conversation(2))).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'user 2' },
      { role: 'assistant', content: 'assistant 3' },
    ]);
  });

  it('is everything where the start is not on this branch', () => {
    expect(messagesInContext(conversation(2), 'elsewhere')).toHaveLength(4);
  });

  it('has no empty answers and no empty system prompt', () => {
    const [question, answer] = conversation(1) as [Message, Message];
    const path = [question, { ...answer, content: '' }];
    expect(chatMessages({ ...summary, systemPrompt: ' ' }, path)).toEqual([
      { role: 'user', content: 'user 0' },
    ]);
  });

  it('is one text for a model that continues texts', () => {
    const [question, answer] = conversation(1) as [Message, Message];
    const next = newMessage('c', null, 'user', 'Then');
    const path = [
      { ...question, content: 'Once upon' },
      { ...answer, content: ' a time.\n' },
      { ...next, content: 'Then' },
    ];
    expect(continuationPrompt(summary, path)).toBe('Once upon a time.\nThen');
    const words = [
      { ...question, content: 'One.' },
      { ...next, content: 'Two.' },
    ];
    expect(continuationPrompt(summary, words)).toBe('One. Two.');
  });
});
