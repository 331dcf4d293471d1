import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../test-support/fakeClock.ts';
import type { LoadProgress } from './progress.ts';
import { ProgressMeter } from './progressMeter.ts';

function makeMeter() {
  const clock = new FakeClock();
  const told: LoadProgress[] = [];
  const meter = new ProgressMeter(clock, (progress) => told.push(progress));
  const latest = () => told.at(-1);
  return { clock, told, meter, latest };
}

describe('progress', () => {
  test('counts cached and fetched bytes', () => {
    const { meter, latest } = makeMeter();
    meter.expect(100, 2);
    meter.receivedFromCache(40);
    meter.finishedShard();
    meter.received(60);
    meter.finishedShard();
    meter.enter('ready');
    expect(latest()).toMatchObject({
      phase: 'ready',
      loadedBytes: 100,
      totalBytes: 100,
      cachedBytes: 40,
      shardsLoaded: 2,
      shardsTotal: 2,
    });
  });

  test('takes back what arrived wrong', () => {
    const { meter, latest } = makeMeter();
    meter.expect(100, 1);
    meter.receivedFromCache(40);
    meter.takeBack(40, true);
    expect(latest()).toMatchObject({ loadedBytes: 0, cachedBytes: 0 });
  });

  test('is not told more than ten times a second', async () => {
    const { meter, told, clock } = makeMeter();
    meter.expect(10_000, 1);
    for (let ms = 0; ms < 1000; ms += 1) {
      meter.received(10);
      await clock.advance(1);
    }
    expect(told.length).toBeGreaterThan(5);
    expect(told.length).toBeLessThan(13);
  });

  test('measures the speed of the network over the last seconds', async () => {
    const { meter, latest, clock } = makeMeter();
    meter.expect(1_000_000, 1);
    for (let step = 0; step < 40; step += 1) {
      meter.received(1000);
      await clock.advance(100);
    }
    meter.setNotice(null);
    expect(latest()?.bytesPerSecond).toBeGreaterThan(9000);
    expect(latest()?.bytesPerSecond).toBeLessThan(11_500);
    await clock.advance(10_000);
    meter.setNotice('broken');
    expect(latest()).toMatchObject({ bytesPerSecond: 0, notice: 'broken' });
  });

  test('does not count the cache as speed', () => {
    const { meter, latest } = makeMeter();
    meter.receivedFromCache(1_000_000);
    expect(latest()?.bytesPerSecond).toBe(0);
  });
});
