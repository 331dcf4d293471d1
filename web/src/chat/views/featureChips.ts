// What a browser offers, at a glance: one chip per feature, told apart by sign and words as well as
// by colour.
import type { CapabilityReport } from '../../index.ts';
import { element, icon } from '../element.ts';
import { formatQuantity } from '../format.ts';

interface Chip {
  label: string;
  isThere: boolean;
}

export function featureChips(report: CapabilityReport): HTMLLIElement[] {
  const { features } = report;
  const chips: Chip[] = [
    { label: 'SIMD', isThere: features.simd },
    { label: 'Relaxed SIMD', isThere: features.relaxedSimd },
    {
      label: features.threads ? formatQuantity(report.threads, 'thread') : 'Threads',
      isThere: features.threads,
    },
    { label: 'WebGPU', isThere: features.webgpu },
    {
      label:
        features.deviceMemoryGib === null
          ? 'Memory unknown'
          : `${features.deviceMemoryGib} GiB memory`,
      isThere: features.deviceMemoryGib !== null,
    },
  ];
  return chips.map(({ label, isThere }) =>
    element(
      'li',
      { class: 'chip', 'data-there': isThere ? 'yes' : 'no' },
      icon(isThere ? 'check' : 'dash'),
      label,
      element('span', { class: 'visually-hidden' }, isThere ? ': yes' : ': no'),
    ),
  );
}
