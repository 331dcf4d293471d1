// The chat page: puts its parts together.
import type { CapabilityReport } from '../index.ts';
import { TesseraError } from '../index.ts';
import { ChatSession } from './answers/chatSession.ts';
import { copyText } from './clipboard.ts';
import { splitThinking } from './markdown/answerText.ts';
import type { ConversationStore } from './conversations/conversationStore.ts';
import { part } from './element.ts';
import { asSentence, type WayOut } from './errorAdvice.ts';
import { EngineHost } from './models/engineHost.ts';
import type { Platform } from './models/platform.ts';
import { RunnerHost } from './models/runnerHost.ts';
import type { PreferenceStore } from './preferences.ts';
import { announceAnswers } from './views/answerAnnouncements.ts';
import { AutoScroll } from './views/autoScroll.ts';
import { type Composer, createComposer } from './views/composerView.ts';
import { ConversationsView } from './views/conversationsView.ts';
import { createLoadCard } from './views/loadCard.ts';
import { createMemorySection } from './views/memorySection.ts';
import { createModelPicker } from './views/modelPicker.ts';
import { showNotice } from './views/notices.ts';
import { Panels } from './views/panels.ts';
import { createServerSection } from './views/serverSection.ts';
import { createSettingsView } from './views/settingsView.ts';
import { installShortcuts } from './views/shortcuts.ts';
import { createSpeedSection } from './views/speedSection.ts';
import { createStatusLine } from './views/statusLine.ts';
import { createTabPanel } from './views/tabPanel.ts';
import { createThemeChoice } from './views/theme.ts';
import { ThreadView } from './views/threadView.ts';
import { createWelcomeView } from './views/welcomeView.ts';

export interface AppOptions {
  platform: Platform;
  store: ConversationStore;
  preferences: PreferenceStore;
  location: Location;
}

export class App {
  readonly #options: AppOptions;
  readonly #host: EngineHost;
  readonly #session: ChatSession;
  readonly #panels: Panels;
  readonly #scroll: AutoScroll;
  readonly #thread: ThreadView;
  readonly #composer: Composer;
  readonly #showCapabilities: (report: CapabilityReport) => void;

  constructor(options: AppOptions) {
    const { platform, store, preferences, location } = options;
    this.#options = options;
    const overrides = readOverrides(platform, location.search);
    const query = new URLSearchParams(location.search);
    this.#host = new EngineHost({
      platform,
      overrides,
      requestedModel: query.get('model'),
      lastModel: preferences.get('model'),
      onNotice: (sentence) => this.#showMove(sentence),
    });
    const runner = new RunnerHost(this.#host, preferences.get('serves'));
    runner.state.subscribe((state) => {
      part('app', HTMLElement).dataset['serving'] = state.type;
    });
    this.#session = new ChatSession({
      store,
      host: this.#host,
      preferences,
      onDelta: (message, delta) => this.#thread.append(message, delta),
      onNotice: showNotice,
    });
    this.#panels = new Panels(preferences);
    this.#scroll = new AutoScroll(part('scroller', HTMLElement), (isFollowing) => {
      part('jump-to-latest', HTMLElement).hidden = isFollowing;
    });
    this.#thread = this.#createThread();
    this.#composer = this.#createComposer();
    const welcome = createWelcomeView(this.#host, (text) => this.#send(text));
    const tabPanel = createTabPanel(
      createMemorySection(this.#host, this.#session),
      createSpeedSection(this.#host, this.#session),
      createServerSection(runner, preferences, location.origin),
    );
    this.#showCapabilities = (report) => {
      welcome.showCapabilities(report);
      tabPanel.showCapabilities(report);
    };
    this.#createRest();
    announceAnswers(this.#session);
    void platform.detectCapabilities(overrides).then(this.#showCapabilities);
  }

  // Opens the conversation of the address and loads a model.
  async start(): Promise<void> {
    const loading = this.#host.start();
    const { location, store } = this.#options;
    await this.#session.start(location.hash.slice(1) || null);
    this.#session.view.subscribe(({ summary, isStored }) => {
      const hash = isStored ? `#${summary.id}` : '';
      if (location.hash === hash) return;
      history.replaceState(null, '', location.pathname + location.search + hash);
    });
    window.addEventListener('hashchange', () => void this.#openFromAddress());
    if (!store.isPersistent) {
      showNotice('This browser keeps nothing for this page: conversations end with the tab.');
    }
    if (matchMedia('(pointer: fine)').matches) this.#composer.focus();
    await loading;
  }

  // The model has moved to another device or backend.
  #showMove(sentence: string): void {
    showNotice(sentence);
    const { engine } = this.#host;
    if (engine) this.#showCapabilities(engine.capabilities);
  }

  #createThread(): ThreadView {
    const thread = new ThreadView(this.#session, {
      edit: (id, text) => {
        void this.#session.edit(id, text);
        this.#composer.focus();
        this.#scroll.follow();
      },
      regenerate: (id) => {
        void this.#session.regenerate(id);
        this.#scroll.follow();
      },
      showVersion: (id, distance) => void this.#session.showVersion(id, distance),
      wayOut: (id, way) => void this.#leaveError(way, id),
    });
    const app = part('app', HTMLElement);
    const heading = part('conversation-heading', HTMLElement);
    this.#session.view.subscribe((view) => {
      const isOther = thread.render(view);
      app.dataset['answering'] = String(view.running !== null);
      heading.textContent = view.summary.title;
      document.title = view.isStored ? `${view.summary.title} · Tessera` : 'Tessera';
      this.#scroll.setEmpty(view.path.length === 0);
      if (isOther) this.#scroll.follow();
      else this.#scroll.keep();
    });
    this.#scroll.observe(part('thread', HTMLElement));
    part('jump-to-latest', HTMLElement).addEventListener('click', () => {
      this.#scroll.follow();
      this.#composer.focus();
    });
    return thread;
  }

  #createComposer(): Composer {
    const composer = createComposer({
      send: (text) => this.#send(text),
      stop: () => this.#session.stop(),
      editLastQuestion: () => {
        if (!this.#session.isAnswering) this.#thread.editLastQuestion();
      },
    });
    this.#session.view.subscribe((view) => composer.setAnswering(view.running !== null));
    this.#host.state.subscribe((state) => {
      if (state.type !== 'ready') return;
      this.#options.preferences.set('model', state.model);
      this.#showCapabilities(state.engine.capabilities);
      const { fallback } = state.engine.capabilities;
      if (fallback !== undefined) showNotice(fallback);
      composer.setPlaceholder(
        state.engine.supportsChat ? `Message ${state.model}` : 'Write a beginning',
      );
    });
    return composer;
  }

  #createRest(): void {
    const { preferences } = this.#options;
    const session = this.#session;
    createThemeChoice(preferences);
    createModelPicker(this.#host, (model) => {
      session.stopAll();
      void this.#host.load(model);
    });
    createLoadCard(this.#host, (way) => void this.#leaveError(way, null));
    createStatusLine(session, this.#host);
    createSettingsView(session, this.#host);
    new ConversationsView(session, {
      open: (id) => {
        this.#panels.closeSidebarIfOver();
        void session.open(id);
      },
      rename: (id, title) => void session.rename(id, title),
      remove: (id) => void session.remove(id),
    });
    part('new-conversation', HTMLElement).addEventListener('click', () => this.#startNew());
    installShortcuts({
      newConversation: () => this.#startNew(),
      conversations: () => this.#panels.toggleSidebar(),
      settings: () => this.#panels.toggle('settings'),
      tabPanel: () => this.#panels.toggle('tab'),
      regenerate: () => this.#regenerateLast(),
      copyAnswer: () => this.#copyLast(),
    });
    document.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (document.querySelector('dialog[open]')) return;
      if (!this.#panels.closeOverlay()) session.stop();
    });
  }

  #send(text: string): boolean {
    if (this.#session.isAnswering) return false;
    void this.#session.send(text);
    this.#scroll.follow();
    return true;
  }

  #startNew(): void {
    this.#panels.closeSidebarIfOver();
    this.#session.startNew();
    this.#composer.focus();
  }

  async #openFromAddress(): Promise<void> {
    const id = this.#options.location.hash.slice(1);
    if (id === '' || id === this.#session.view.value.summary.id) return;
    if (!(await this.#session.open(id))) showNotice('There is no such conversation any more.');
  }

  #regenerateLast(): void {
    const last = this.#session.view.value.path.at(-1);
    if (last?.role === 'assistant') void this.#session.regenerate(last.id);
    this.#scroll.follow();
  }

  #copyLast(): void {
    const answers = this.#session.view.value.path.filter(({ role }) => role === 'assistant');
    const last = answers.at(-1);
    if (!last) return;
    const { answer } = splitThinking(last.content, true);
    void copyText(answer, part('composer', HTMLElement));
  }

  // `answerId` is the answer that failed; null if it was the loading of the model.
  async #leaveError(way: WayOut, answerId: string | null): Promise<void> {
    const again = async () => {
      if (answerId !== null) await this.#session.regenerate(answerId);
    };
    switch (way) {
      case 'retry':
        if (this.#host.state.value.type === 'failed') void this.#host.retry();
        return again();
      case 'reload_model':
        void this.#host.reload();
        return again();
      case 'smaller_context':
        void this.#host.loadWithSmallerContext();
        return again();
      case 'drop_oldest':
        if (await this.#session.dropOldest()) return again();
        showNotice('This message alone is longer than the model’s context: shorten it.');
        return;
      case 'choose_model':
        this.#chooseModel();
        return;
      case 'new_conversation':
        this.#startNew();
        return;
      case 'reload_page':
        this.#options.location.reload();
    }
  }

  #chooseModel(): void {
    const picker = part('model-picker', HTMLSelectElement);
    picker.focus();
    try {
      picker.showPicker();
    } catch {
      // Not offered by this browser: the focus is enough.
    }
  }
}

// An override that cannot be meant is said and left out; the page works all the same.
function readOverrides(platform: Platform, search: string): ReturnType<Platform['readOverrides']> {
  try {
    return platform.readOverrides(search);
  } catch (thrown) {
    showNotice(asSentence(TesseraError.from(thrown).message));
    return {};
  }
}
