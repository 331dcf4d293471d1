// Where the model's memory goes, against its budget.
import type { EngineMemory } from '../../index.ts';
import type { ChatSession } from '../answers/chatSession.ts';
import { element } from '../element.ts';
import { formatBytes } from '../format.ts';
import type { EngineHost } from '../models/engineHost.ts';
import { testIds } from '../testIds.ts';
import { section } from './tabPanel.ts';

const kComponents: readonly [keyof EngineMemory, string, string][] = [
  ['weightsBytes', 'Weights', '1'],
  ['kvCacheBytes', 'KV cache', '2'],
  ['activationsBytes', 'Activations', '4'],
];

export function createMemorySection(host: EngineHost, session: ChatSession): HTMLElement {
  const body = element('div', { testId: testIds.memory });
  const show = async () => {
    const engine = host.engine;
    if (!engine) {
      body.replaceChildren(element('p', { class: 'faint' }, 'No model is loaded yet.'));
      return;
    }
    try {
      const memory = await engine.memory();
      if (host.engine === engine) body.replaceChildren(...renderMemory(memory));
    } catch {
      body.replaceChildren(element('p', { class: 'faint' }, 'The model does not say.'));
    }
  };
  host.state.subscribe((state) => {
    if (state.type === 'ready' || state.type === 'failed') void show();
    else if (body.childNodes.length === 0) void show();
  });
  let wasAnswering = false;
  session.view.subscribe((view) => {
    const isAnswering = view.running !== null;
    if (wasAnswering && !isAnswering) void show();
    wasAnswering = isAnswering;
  });
  return section('Memory', body);
}

export function renderMemory(memory: EngineMemory): Node[] {
  const used = kComponents.reduce((sum, [name]) => sum + memory[name], 0);
  const whole = Math.max(memory.budgetBytes, used);
  const parts = kComponents.map(([name, , tone]) => {
    const made = element('span', { class: 'stack-part', 'data-tone': tone });
    made.style.width = `${whole > 0 ? (memory[name] / whole) * 100 : 0}%`;
    return made;
  });
  const rows = kComponents.flatMap(([name, label, tone]) => [
    element('dt', {}, element('span', { class: 'swatch', 'data-tone': tone }), label),
    element('dd', {}, formatBytes(memory[name])),
  ]);
  return [
    element('div', { class: 'stack', 'aria-hidden': 'true' }, ...parts),
    element(
      'dl',
      { class: 'figures' },
      ...rows,
      element('dt', {}, 'KV cache for each token'),
      element('dd', {}, formatBytes(memory.kvBytesPerToken)),
      element('dt', { class: 'total' }, 'Together'),
      element(
        'dd',
        { class: 'total' },
        `${formatBytes(used)} of ${formatBytes(memory.budgetBytes)}`,
      ),
      ...(memory.gpuBytes > 0
        ? [element('dt', {}, 'WebGPU memory'), element('dd', {}, formatBytes(memory.gpuBytes))]
        : []),
      element('dt', {}, 'Wasm memory'),
      element('dd', {}, formatBytes(memory.heapBytes)),
    ),
  ];
}
