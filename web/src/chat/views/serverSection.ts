// "Answer API requests from this tab": the switch, the address for other programs, and how the
// connection stands.
import { button, element } from '../element.ts';
import { formatCount } from '../format.ts';
import type { RunnerHost, ServingState } from '../models/runnerHost.ts';
import type { PreferenceStore } from '../preferences.ts';
import { copyText } from '../clipboard.ts';
import { testIds } from '../testIds.ts';
import { section } from './tabPanel.ts';

export function createServerSection(
  runner: RunnerHost,
  preferences: PreferenceStore,
  origin: string,
): HTMLElement {
  const box = element('input', {
    type: 'checkbox',
    role: 'switch',
    id: 'serve-switch',
    testId: testIds.serveSwitch,
  });
  box.checked = runner.isOn;
  box.addEventListener('change', () => {
    preferences.set('serves', box.checked);
    runner.setOn(box.checked);
  });
  const stateText = element('span', { testId: testIds.serveState });
  const state = element('p', { class: 'serve-state' }, stateText);
  const requests = element('p', { class: 'faint', testId: testIds.serveRequests });
  showState(runner, state, stateText);
  const showRequests = () => {
    const { value: answered } = runner.answered;
    const sentence = `${formatCount(answered)} ${answered === 1 ? 'request' : 'requests'} answered`;
    requests.textContent = runner.running.value > 0 ? `${sentence}, one in progress` : sentence;
  };
  runner.answered.subscribe(showRequests);
  runner.running.subscribe(showRequests);
  return section(
    'API',
    element(
      'label',
      { class: 'switch', for: 'serve-switch' },
      box,
      element('span', { class: 'switch-track', 'aria-hidden': 'true' }),
      'Answer API requests from this tab',
    ),
    state,
    element('p', { class: 'faint' }, 'Point any OpenAI client at this address:'),
    addressLine(`${origin}/v1`),
    requests,
  );
}

function addressLine(address: string): HTMLElement {
  const copy = button({
    label: 'Copy the address',
    icon: 'copy',
    iconOnly: true,
    onClick: () => void copyText(address, copy),
  });
  return element(
    'p',
    { class: 'address' },
    element('code', { testId: testIds.apiAddress }, address),
    copy,
  );
}

// While the connection is being waited for, the seconds are counted down.
function showState(runner: RunnerHost, dot: HTMLElement, text: HTMLElement): void {
  let timer = 0;
  const show = (state: ServingState) => {
    dot.dataset['state'] = state.type;
    text.textContent = describeServing(state, Date.now());
  };
  runner.state.subscribe((state) => {
    window.clearInterval(timer);
    show(state);
    if (state.type === 'waiting') timer = window.setInterval(() => show(state), 1000);
  });
}

export function describeServing(state: ServingState, nowMs: number): string {
  switch (state.type) {
    case 'off':
      return 'Off: this tab answers only you.';
    case 'no_model':
      return 'As soon as the model is loaded.';
    case 'connecting':
      return 'Connecting to the server…';
    case 'serving':
      return 'Connected, ready for requests.';
    case 'waiting': {
      const seconds = Math.ceil((state.retryAtMs - nowMs) / 1000);
      return seconds > 0
        ? `The server is gone. Reconnecting in ${seconds} s…`
        : 'The server is gone. Reconnecting…';
    }
    case 'stopped':
      return state.error ? state.error.message : 'Not connected.';
  }
}
