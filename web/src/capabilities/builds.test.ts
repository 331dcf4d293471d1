import { describe, expect, test } from 'vitest';
import { builds, chooseBuild } from './builds.ts';
import type { Features } from './report.ts';

const everything: Features = {
  simd: true,
  relaxedSimd: true,
  relaxedDot: true,
  threads: true,
  memory64: true,
  webgpu: false,
  cacheStorage: true,
  originPrivateFileSystem: true,
  crossOriginIsolated: true,
  webgpuAdapter: null,
  hardwareConcurrency: 4,
  deviceMemoryGib: 8,
};

describe('choosing a build', () => {
  test('takes the strongest one where everything is there', () => {
    const report = chooseBuild(everything);
    expect(report.variant).toBe('threads');
    expect(report.threads).toBe(4);
    expect(report.builds.map(({ variant, chosen }) => [variant, chosen])).toEqual([
      ['threads', true],
      ['simd-threads', false],
      ['simd', false],
    ]);
  });

  test.each([
    ['relaxedSimd', 'simd-threads', 4],
    ['relaxedDot', 'simd-threads', 4],
    ['threads', 'simd', 1],
  ] as const)('without %s falls back to %s with %d threads, and says so', (...row) => {
    const [feature, variant, threads] = row;
    const report = chooseBuild({ ...everything, [feature]: false });
    expect(report).toMatchObject({ variant, threads });
    expect(report.builds[0]?.usable).toBe(false);
    expect(report.sentences.join(' ')).toMatch(/cannot run: it needs/);
  });

  test('chooses nothing where SIMD is missing', () => {
    const report = chooseBuild({ ...everything, simd: false });
    expect(report.variant).toBeNull();
    expect(report.builds.every(({ usable }) => !usable)).toBe(true);
  });

  test('blames isolation for missing threads only where it is missing', () => {
    const withoutThreads = { ...everything, threads: false };
    const isolated = chooseBuild(withoutThreads).sentences.join(' ');
    const open = chooseBuild({ ...withoutThreads, crossOriginIsolated: false }).sentences.join(' ');
    expect(isolated).toMatch(/does not offer shared memory/);
    expect(open).toMatch(/not cross-origin isolated/);
  });

  test('has each weaker build require less than the one before', () => {
    for (const [index, build] of builds.entries()) {
      const stronger = builds[index - 1];
      if (!stronger) continue;
      expect(stronger.requires).toEqual(expect.arrayContaining([...build.requires]));
      expect(stronger.requires.length).toBeGreaterThan(build.requires.length);
    }
  });
});

describe('choosing threads', () => {
  test.each([
    [1, 1],
    [2, 2],
    [8, 8],
    [64, 8],
  ])('takes %d processors as %d threads', (processors, threads) => {
    expect(chooseBuild({ ...everything, hardwareConcurrency: processors }).threads).toBe(threads);
  });

  test('assumes two processors where the browser does not say', () => {
    expect(chooseBuild({ ...everything, hardwareConcurrency: null }).threads).toBe(2);
  });
});

describe('overrides', () => {
  test('a prescribed number of threads is used, even one', () => {
    expect(chooseBuild(everything, { threads: 1 })).toMatchObject({
      variant: 'threads',
      threads: 1,
    });
    expect(chooseBuild(everything, { threads: 6 }).threads).toBe(6);
  });

  test('a prescribed weaker build is used, with one thread whatever is asked', () => {
    const report = chooseBuild(everything, { variant: 'simd', threads: 4 });
    expect(report).toMatchObject({ variant: 'simd', threads: 1 });
    expect(report.sentences.join(' ')).toMatch(/this build has no threads/);
  });

  test('a prescribed build that cannot run leaves nothing, rather than something else', () => {
    const report = chooseBuild({ ...everything, threads: false }, { variant: 'threads' });
    expect(report.variant).toBeNull();
  });
});
