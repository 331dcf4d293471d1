// The table of Wasm builds, strongest first, and the choice among them.
import { kThreadsMax } from './overrides.ts';
import { describeBackends, describeFindings, joinWords } from './sentences.ts';
import type {
  Backend,
  BuildVerdict,
  CapabilityOverrides,
  CapabilityReport,
  FeatureName,
  Features,
  WasmVariant,
} from './report.ts';

interface Build {
  variant: WasmVariant;
  title: string;
  requires: readonly FeatureName[];
  hasThreads: boolean;
}

// A module must validate before it runs, so each combination of features is a build of its own. A
// further build is a further row.
export const builds: readonly Build[] = [
  {
    variant: 'threads',
    title: 'relaxed SIMD with threads',
    requires: ['simd', 'relaxedSimd', 'relaxedDot', 'threads'],
    hasThreads: true,
  },
  {
    variant: 'simd-threads',
    title: 'SIMD with threads',
    requires: ['simd', 'threads'],
    hasThreads: true,
  },
  { variant: 'simd', title: 'SIMD on one thread', requires: ['simd'], hasThreads: false },
];

export const featureTitles: Record<FeatureName, string> = {
  simd: 'SIMD',
  relaxedSimd: 'relaxed SIMD',
  relaxedDot: 'relaxed 8-bit dot products',
  threads: 'threads',
  memory64: '64-bit memory',
  webgpu: 'WebGPU',
  cacheStorage: 'a cache for models',
  originPrivateFileSystem: 'private files',
};

// Beyond this many threads, memory bandwidth is the limit and more only costs.
export const kThreadsChosenMax = 8;

// Where a browser does not say how many processors there are.
const kProcessorsAssumed = 2;

// The report once a model is loaded, or has changed its place: `sentence` says where it runs, and
// why.
export function withBackend(
  report: CapabilityReport,
  backend: Backend,
  sentence: string,
): CapabilityReport {
  const isOther = (shown: string) => shown !== report.backendSentence;
  const sentences = [sentence, ...report.sentences.filter(isOther)];
  return { ...report, backend, backendSentence: sentence, sentences };
}

export function chooseBuild(
  features: Features,
  overrides: CapabilityOverrides = {},
): CapabilityReport {
  const chosen = pickBuild(features, overrides.variant);
  const verdicts = builds.map((build) => judge(build, chosen, features, overrides.variant));
  const { threads, reason } = chooseThreads(chosen, features, overrides.threads);
  const backendSentence = describeBackends(features, overrides.backend);
  return {
    features,
    builds: verdicts,
    backend: overrides.backend ?? 'wasm',
    backendSentence,
    variant: chosen?.variant ?? null,
    threads,
    sentences: [
      ...describeFindings(features),
      backendSentence,
      ...verdicts.filter((verdict) => !verdict.usable || verdict.chosen).map((v) => v.reason),
      ...(reason === null ? [] : [reason]),
    ],
  };
}

function missingFeatures(build: Build, features: Features): FeatureName[] {
  return build.requires.filter((name) => !features[name]);
}

function pickBuild(features: Features, prescribed: WasmVariant | undefined): Build | undefined {
  return builds.find(
    (build) =>
      missingFeatures(build, features).length === 0 &&
      (prescribed === undefined || build.variant === prescribed),
  );
}

function judge(
  build: Build,
  chosen: Build | undefined,
  features: Features,
  prescribed: WasmVariant | undefined,
): BuildVerdict {
  const missing = missingFeatures(build, features);
  const usable = missing.length === 0;
  const verdict = { variant: build.variant, title: build.title, usable, chosen: build === chosen };
  if (!usable) {
    const names = joinWords(missing.map((name) => featureTitles[name]));
    return { ...verdict, reason: `The build “${build.title}” cannot run: it needs ${names}.` };
  }
  if (build === chosen) {
    const why = prescribed ? 'as prescribed' : 'the strongest one that runs here';
    return { ...verdict, reason: `The build “${build.title}” was chosen, ${why}.` };
  }
  const why = prescribed ? 'another one is prescribed' : 'a stronger one runs here';
  return { ...verdict, reason: `The build “${build.title}” is not used: ${why}.` };
}

function chooseThreads(
  build: Build | undefined,
  features: Features,
  prescribed: number | undefined,
): { threads: number; reason: string | null } {
  if (!build) return { threads: 1, reason: null };
  if (!build.hasThreads) {
    const reason =
      prescribed !== undefined && prescribed > 1
        ? `It uses 1 thread; ${prescribed} were prescribed, but this build has no threads.`
        : null;
    return { threads: 1, reason };
  }
  if (prescribed !== undefined) {
    const threads = Math.min(Math.max(1, Math.trunc(prescribed)), kThreadsMax);
    return { threads, reason: `It uses ${countThreads(threads)}, as prescribed.` };
  }
  const processors = features.hardwareConcurrency ?? kProcessorsAssumed;
  const threads = Math.min(processors, kThreadsChosenMax);
  const reason =
    processors > kThreadsChosenMax
      ? `It uses ${countThreads(threads)}: more would wait for memory.`
      : `It uses ${countThreads(threads)}, one for each processor.`;
  return { threads, reason };
}

// The report of a tab where the threads that were chosen did not start.
export function fallBackToOneThread(report: CapabilityReport): CapabilityReport {
  const fallback =
    `It uses 1 thread: this browser did not start ${countThreads(report.threads)}, tried twice. ` +
    'Answers come slower; reloading the page may help.';
  const others = report.sentences.filter((sentence) => !sentence.startsWith('It uses '));
  return { ...report, threads: 1, fallback, sentences: [...others, fallback] };
}

function countThreads(count: number): string {
  return count === 1 ? '1 thread' : `${count} threads`;
}
