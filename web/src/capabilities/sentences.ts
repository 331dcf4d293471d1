// What was found in a browser, said to a person.
import type { Backend, FeatureName, Features } from './report.ts';

// Features worth telling, in order, with the words for them.
const told: readonly [FeatureName, string][] = [
  ['simd', 'SIMD'],
  ['relaxedSimd', 'relaxed SIMD'],
  ['relaxedDot', 'relaxed 8-bit dot products'],
  ['threads', 'threads'],
  ['memory64', '64-bit memory'],
  ['webgpu', 'WebGPU'],
];

export function describeFindings(features: Features): string[] {
  const found = told.filter(([name]) => features[name]).map(([, title]) => title);
  const absent = told.filter(([name]) => !features[name]).map(([, title]) => title);
  const sentences = [
    found.length === 0
      ? 'This browser offers none of the features that fast inference uses.'
      : `This browser offers ${joinWords(found)}` +
        (absent.length === 0 ? '.' : `, but not ${joinWords(absent, 'or')}.`),
    describeDevice(features),
  ];
  if (!features.threads) sentences.push(explainMissingThreads(features));
  if (!features.cacheStorage) {
    sentences.push('Models cannot be kept between visits: this page has no cache.');
  }
  return sentences;
}

function describeDevice({ hardwareConcurrency, deviceMemoryGib }: Features): string {
  const processors =
    hardwareConcurrency === null
      ? 'does not say how many processors it has'
      : `has ${hardwareConcurrency} ${hardwareConcurrency === 1 ? 'processor' : 'processors'}`;
  const memory =
    deviceMemoryGib === null
      ? 'does not say how much memory'
      : `about ${deviceMemoryGib} GiB of memory`;
  return `The device ${processors} and ${memory}.`;
}

function explainMissingThreads(features: Features): string {
  return features.crossOriginIsolated
    ? 'Threads are off: this browser does not offer shared memory.'
    : 'Threads are off: the page is not cross-origin isolated (COOP and COEP are missing).';
}

// Before a model is loaded: where it would run.
export function describeBackends({ webgpuAdapter }: Features, prescribed?: Backend): string {
  if (prescribed) return `Models run on ${backendTitles[prescribed]}, as prescribed.`;
  return webgpuAdapter === null
    ? 'Models run on Wasm: there is no WebGPU here.'
    : `Models run on Wasm or WebGPU (“${webgpuAdapter}”): the faster one is measured when a model ` +
        'is loaded.';
}

export const backendTitles: Record<Backend, string> = { wasm: 'Wasm', webgpu: 'WebGPU' };

// "a", "a and b", "a, b and c".
export function joinWords(words: readonly string[], conjunction = 'and'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1) ?? ''}`;
}
