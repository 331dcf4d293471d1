import { describe, expect, it } from 'vitest';
import { Speedometer } from './speedometer.ts';

describe('the speed of an answer', () => {
  it('is that of the tokens after the first', () => {
    let now = 1000;
    const speedometer = new Speedometer(() => now);
    now = 1500;
    speedometer.count();
    for (let token = 0; token < 10; token += 1) {
      now += 50;
      speedometer.count();
    }
    expect(speedometer.measure(30)).toEqual({
      tokens: 11,
      firstTokenMs: 500,
      tokensPerSecond: 20,
      contextTokens: 41,
    });
  });

  it('is unknown before the first token, and no number out of thin air after one', () => {
    const speedometer = new Speedometer(() => 5);
    expect(speedometer.measure(10)).toBeNull();
    speedometer.count();
    expect(speedometer.measure(10)?.tokensPerSecond).toBe(0);
  });
});
