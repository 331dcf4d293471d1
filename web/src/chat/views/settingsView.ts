// System prompt and sampling settings of the conversation that is shown.
import type { ChatSession } from '../answers/chatSession.ts';
import { button, element, part } from '../element.ts';
import type { EngineHost } from '../models/engineHost.ts';
import {
  defaultOf,
  kSettings,
  parseSetting,
  type SamplingSettings,
  type SettingDescription,
} from '../sampling.ts';
import { testIds } from '../testIds.ts';
import { announce } from './announcer.ts';

interface Control {
  root: HTMLElement;
  show(settings: SamplingSettings, modelDefault: number | null): void;
}

export function createSettingsView(session: ChatSession, host: EngineHost): void {
  const prompt = element('textarea', {
    id: 'system-prompt',
    rows: '4',
    placeholder: 'You are a helpful assistant…',
    testId: testIds.systemPrompt,
  });
  prompt.addEventListener(
    'change',
    () => void session.changeSettings({ systemPrompt: prompt.value }),
  );

  const change = (name: keyof SamplingSettings, value: number | null) => {
    const { [name]: _, ...others } = session.view.value.summary.sampling;
    void session.changeSettings({
      sampling: value === null ? others : { ...others, [name]: value },
    });
  };
  const controls = new Map(
    kSettings.map((setting) => [
      setting,
      createControl(setting, (value) => change(setting.name, value)),
    ]),
  );
  const reset = button({
    label: 'Back to the model’s own settings',
    icon: 'refresh',
    testId: testIds.resetSettings,
    onClick: () => {
      void session.changeSettings({ sampling: {} });
      announce('All settings are the model’s own.');
    },
  });
  part('settings-body', HTMLElement).append(
    element('p', { class: 'faint' }, 'For this conversation, and for new ones.'),
    element(
      'div',
      { class: 'setting' },
      element('label', { for: 'system-prompt' }, 'System prompt'),
      prompt,
      element('p', { class: 'faint' }, 'What the model is told before every conversation.'),
    ),
    ...[...controls.values()].map((control) => control.root),
    reset,
  );

  const show = () => {
    const { summary } = session.view.value;
    const defaults = host.engine?.samplingDefaults;
    if (document.activeElement !== prompt) prompt.value = summary.systemPrompt;
    prompt.disabled = host.engine?.supportsChat === false;
    for (const [setting, control] of controls) {
      control.show(summary.sampling, defaults ? defaultOf(setting.name, defaults) : null);
    }
    reset.disabled = Object.keys(summary.sampling).length === 0;
  };
  session.view.subscribe(show);
  host.state.subscribe(show);
}

// A number field, with a slider beside it where the range is one that can be slid through.
function createControl(
  setting: SettingDescription,
  onChange: (value: number | null) => void,
): Control {
  const id = `setting-${setting.name}`;
  const limits = { min: String(setting.min), max: String(setting.max), step: String(setting.step) };
  const field = element('input', {
    ...limits,
    // Any number may be typed; the slider's steps are only the slider's.
    step: setting.step >= 1 ? '1' : 'any',
    type: 'number',
    id,
    inputmode: setting.step >= 1 ? 'numeric' : 'decimal',
    autocomplete: 'off',
    'aria-describedby': `${id}-explanation`,
    testId: `setting-${setting.name}`,
  });
  const slider =
    setting.emptyMeans === null
      ? element('input', { ...limits, type: 'range', 'aria-label': setting.label, tabindex: '-1' })
      : null;
  let shown: number | null = null;
  const commit = () => {
    const value = parseSetting(setting, field.value);
    if (value !== null) field.value = String(value);
    if (value !== shown) onChange(value);
  };
  field.addEventListener('change', commit);
  slider?.addEventListener('input', () => (field.value = slider.value));
  slider?.addEventListener('change', commit);

  const root = element(
    'div',
    { class: 'setting', 'data-name': setting.name },
    element('label', { for: id }, setting.label),
    element('div', { class: 'setting-fields' }, slider, field),
    element('p', { class: 'faint', id: `${id}-explanation` }, setting.explanation),
  );
  return {
    root,
    show(settings, modelDefault) {
      shown = settings[setting.name] ?? null;
      root.classList.toggle('changed', shown !== null);
      field.placeholder = setting.emptyMeans ?? (modelDefault === null ? '' : String(modelDefault));
      if (document.activeElement !== field) field.value = shown === null ? '' : String(shown);
      if (slider) slider.value = String(shown ?? modelDefault ?? setting.min);
    },
  };
}
