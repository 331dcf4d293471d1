// The parts that open beside the conversation: the list on the left, one panel on the right. On
// narrow windows they
// lie over the conversation, which is then inert.
import { part } from '../element.ts';
import type { PreferenceStore } from '../preferences.ts';

export type PanelName = 'tab' | 'settings';

const kPanels = {
  tab: { panel: 'tab-panel', toggle: 'toggle-tab-panel', close: 'close-tab-panel' },
  settings: { panel: 'settings-panel', toggle: 'toggle-settings', close: 'close-settings' },
} as const;

// Same widths as in styles/layout.css.
const kSidebarBesideMin = '(min-width: 800px)';
const kPanelBesideMin = '(min-width: 1180px)';

export class Panels {
  readonly #preferences: PreferenceStore;
  readonly #app = part('app', HTMLElement);
  readonly #sidebarBeside = matchMedia(kSidebarBesideMin);
  readonly #panelBeside = matchMedia(kPanelBesideMin);
  #open: PanelName | null = null;
  #isSidebarOpen: boolean;

  constructor(preferences: PreferenceStore) {
    this.#preferences = preferences;
    const wanted = preferences.get('showsConversations') ?? true;
    this.#isSidebarOpen = wanted && this.#sidebarBeside.matches;
    if ((preferences.get('showsTabPanel') ?? true) && this.#panelBeside.matches) this.#open = 'tab';
    for (const name of ['tab', 'settings'] as const) {
      const { toggle, close } = kPanels[name];
      part(toggle, HTMLElement).addEventListener('click', () => this.toggle(name));
      part(close, HTMLElement).addEventListener('click', () => this.closePanel());
    }
    part('open-sidebar', HTMLElement).addEventListener('click', () => this.toggleSidebar());
    part('close-sidebar', HTMLElement).addEventListener('click', () => this.toggleSidebar());
    part('backdrop', HTMLElement).addEventListener('click', () => this.closeOverlay());
    for (const query of [this.#sidebarBeside, this.#panelBeside]) {
      query.addEventListener('change', () => this.#onWidthChange());
    }
    this.#show();
  }

  toggle(name: PanelName): void {
    if (this.#open === name) this.closePanel();
    else this.#openPanel(name);
  }

  openPanel(name: PanelName): void {
    if (this.#open !== name) this.#openPanel(name);
  }

  closePanel(): void {
    const name = this.#open;
    if (name === null) return;
    this.#open = null;
    if (name === 'tab') this.#preferences.set('showsTabPanel', false);
    this.#show();
    part(kPanels[name].toggle, HTMLElement).focus();
  }

  toggleSidebar(): void {
    this.#isSidebarOpen = !this.#isSidebarOpen;
    if (this.#sidebarBeside.matches) {
      this.#preferences.set('showsConversations', this.#isSidebarOpen);
    }
    this.#show();
    part(this.#isSidebarOpen ? 'new-conversation' : 'open-sidebar', HTMLElement).focus();
  }

  // Closes what lies over the conversation. False if nothing does.
  closeOverlay(): boolean {
    if (this.#isSidebarOpen && !this.#sidebarBeside.matches) {
      this.toggleSidebar();
      return true;
    }
    if (this.#open !== null && !this.#panelBeside.matches) {
      this.closePanel();
      return true;
    }
    return false;
  }

  // After choosing a conversation on a narrow window, there it is.
  closeSidebarIfOver(): void {
    if (!this.#isSidebarOpen || this.#sidebarBeside.matches) return;
    this.#isSidebarOpen = false;
    this.#show();
  }

  #openPanel(name: PanelName): void {
    this.#open = name;
    if (name === 'tab') this.#preferences.set('showsTabPanel', true);
    if (!this.#sidebarBeside.matches) this.#isSidebarOpen = false;
    this.#show();
    part(kPanels[name].panel, HTMLElement).querySelector<HTMLElement>('h2')?.focus();
  }

  #onWidthChange(): void {
    if (!this.#sidebarBeside.matches) this.#isSidebarOpen = false;
    else this.#isSidebarOpen = this.#preferences.get('showsConversations') ?? true;
    if (!this.#panelBeside.matches) this.#open = null;
    this.#show();
  }

  #show(): void {
    for (const name of ['tab', 'settings'] as const) {
      const { panel, toggle } = kPanels[name];
      part(panel, HTMLElement).hidden = this.#open !== name;
      part(toggle, HTMLElement).setAttribute('aria-expanded', String(this.#open === name));
    }
    const sidebarOver = this.#isSidebarOpen && !this.#sidebarBeside.matches;
    const panelOver = this.#open !== null && !this.#panelBeside.matches;
    this.#app.dataset['sidebar'] = this.#isSidebarOpen ? 'open' : 'closed';
    this.#app.dataset['panel'] = this.#open ?? 'closed';
    part('sidebar', HTMLElement).hidden = !this.#isSidebarOpen;
    const openSidebar = part('open-sidebar', HTMLElement);
    openSidebar.hidden = this.#isSidebarOpen && !sidebarOver;
    openSidebar.setAttribute('aria-expanded', String(this.#isSidebarOpen));
    part('backdrop', HTMLElement).hidden = !sidebarOver && !panelOver;
    document
      .querySelector<HTMLElement>('.center')
      ?.toggleAttribute('inert', sidebarOver || panelOver);
    part('sidebar', HTMLElement).toggleAttribute('inert', panelOver);
  }
}
