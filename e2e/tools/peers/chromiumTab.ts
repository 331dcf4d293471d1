/** A tab of Chromium for a peer: folders of files, and a function that runs among them. */
import { launchEngine } from '../../engines/table.ts';
import { startStaticServer } from '../staticServer.ts';
import type { Speeds, Workload } from './contestant.ts';

export async function measureInChromium<Request extends Workload>(
  folders: Record<string, string>,
  measure: (request: Request) => Promise<Speeds>,
  request: Request,
): Promise<Speeds> {
  const server = await startStaticServer(folders);
  const browser = await launchEngine('chromium');
  try {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${server.url}/`);
    return await page.evaluate(measure as (request: unknown) => Promise<Speeds>, request);
  } finally {
    await browser.close();
    server.close();
  }
}
