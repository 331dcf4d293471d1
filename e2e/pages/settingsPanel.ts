/** The panel with the system prompt and the sampling settings. */
import type { EnginePage } from '../engines/page.ts';
import { part, setting } from './selectors.ts';

export type SettingName =
  'temperature' | 'top_p' | 'top_k' | 'min_p' | 'repetition_penalty' | 'seed' | 'max_tokens';

export class SettingsPanel {
  readonly #page: EnginePage;

  constructor(page: EnginePage) {
    this.#page = page;
  }

  async open(): Promise<void> {
    if (await this.#page.isVisible(part('settingsPanel'))) return;
    await this.#page.click(part('toggleSettings'));
    await this.#page.waitForVisible(part('settingsPanel'));
  }

  /**
   * Opens the panel, sets what is given and closes it again. A setting counts when its field is
   * left.
   */
  async change(values: Partial<Record<SettingName, number>>): Promise<void> {
    await this.open();
    for (const [name, value] of Object.entries(values))
      await this.#page.fill(setting(name), String(value));
    await this.close();
  }

  async setSystemPrompt(text: string): Promise<void> {
    await this.open();
    await this.#page.fill(part('systemPrompt'), text);
    await this.close();
  }

  async close(): Promise<void> {
    await this.#page.click(`${part('settingsPanel')} .panel-head button`);
  }
}
