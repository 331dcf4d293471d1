// Which model runs in this tab, out of those the server offers.
import { element, part } from '../element.ts';
import { formatBytes, formatPercent } from '../format.ts';
import type { EngineHost, EngineState } from '../models/engineHost.ts';

export function createModelPicker(host: EngineHost, onChoose: (model: string) => void): void {
  const picker = part('model-picker', HTMLSelectElement);
  const label = part('model-state', HTMLElement);
  picker.addEventListener('change', () => onChoose(picker.value));

  const showState = (state: EngineState) => {
    part('app', HTMLElement).dataset['engine'] = state.type;
    label.dataset['state'] = state.type;
    label.textContent = describeState(state);
    const model = state.type === 'listing' ? null : state.model;
    const isOffered = [...picker.options].some((option) => option.value === model);
    // A model that the server does not offer is shown as no choice.
    picker.selectedIndex = -1;
    if (isOffered && model !== null) picker.value = model;
  };

  host.models.subscribe((models) => {
    picker.disabled = models.length === 0;
    picker.replaceChildren(
      ...models.map((model) => {
        const size = model.sizeBytes > 0 ? ` · ${formatBytes(model.sizeBytes)}` : '';
        return element('option', { value: model.name }, model.name + size);
      }),
    );
    showState(host.state.value);
  });
  host.state.subscribe(showState);
}

export function describeState(state: EngineState): string {
  switch (state.type) {
    case 'listing':
      return 'Connecting';
    case 'loading': {
      const { progress } = state;
      if (!progress || progress.totalBytes === 0) return 'Loading';
      return `Loading ${formatPercent(progress.loadedBytes, progress.totalBytes)}`;
    }
    case 'ready':
      return 'Ready';
    case 'failed':
      return 'Not loaded';
  }
}
