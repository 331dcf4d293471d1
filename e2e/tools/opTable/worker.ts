/** Runs an op table, in a worker of a tab: fetches it, and posts each outcome as it comes. */
import type { OpTableFile } from './opTableFile.ts';
import { OpTableRun, requestOpDevice, type FeatureSet } from './runOpTable.ts';

interface OpTableRequest {
  url: string;
  features: FeatureSet;
}

async function run({ url, features }: OpTableRequest): Promise<void> {
  const device = await requestOpDevice(navigator.gpu, features);
  if (!device) {
    postMessage({ missing: features });
    return;
  }
  const response = await fetch(url);
  const table = (await response.json()) as OpTableFile;
  const tableRun = new OpTableRun(device, table);
  for (const one of table.cases) postMessage({ outcome: await tableRun.runCase(one) });
  postMessage({ done: true });
}

addEventListener('message', (event: MessageEvent<OpTableRequest>) => {
  run(event.data).catch((error: unknown) => postMessage({ error: String(error) }));
});
