// Finds out what this browser offers and chooses a build and a number of threads for it.
import { chooseBuild } from './builds.ts';
import { detectFeatures } from './features.ts';
import type { CapabilityOverrides, CapabilityReport } from './report.ts';

// Never rejects: what cannot be found out counts as absent.
export async function detectCapabilities(
  overrides: CapabilityOverrides = {},
): Promise<CapabilityReport> {
  return chooseBuild(await detectFeatures(), overrides);
}
