import { describe, expect, it } from 'vitest';
import { adviceOnAnswer, adviceOnLoading, asSentence } from './errorAdvice.ts';

const failure = (code: string) => ({ code, message: 'it is broken' });

describe('advice', () => {
  it.each([
    'out_of_memory',
    'network',
    'shard_corrupted',
    'not_found',
    'never_heard_of',
    'internal',
  ])('on loading that ends with %s is a sentence and a way out', (code) => {
    const advice = adviceOnLoading(failure(code), 'story15m');
    expect(advice.explanation).toBe('It is broken.');
    expect(advice.title).not.toContain('%');
    expect(advice.waysOut.length).toBeGreaterThan(0);
  });

  it('offers a smaller context where memory is short', () => {
    const advice = adviceOnLoading(failure('out_of_memory'), 'story15m');
    expect(advice.waysOut).toContain('smaller_context');
    expect(advice.title).toContain('story15m');
  });

  it('offers no other model where there is no list of them', () => {
    for (const code of ['network', 'not_found', 'internal']) {
      expect(adviceOnLoading(failure(code), null).waysOut).toEqual(['retry']);
    }
  });

  it('offers to leave out the oldest turns where the context is full', () => {
    expect(adviceOnAnswer(failure('context_full')).waysOut).toContain('drop_oldest');
  });

  it('offers to load the model again where its worker is gone', () => {
    expect(adviceOnAnswer(failure('worker_failed')).waysOut[0]).toBe('reload_model');
  });
});

describe('a sentence', () => {
  it.each([
    ['it failed', 'It failed.'],
    ['Why?', 'Why?'],
    ['  ', 'No reason was given.'],
  ])('of "%s" is "%s"', (message, sentence) => expect(asSentence(message)).toBe(sentence));
});
