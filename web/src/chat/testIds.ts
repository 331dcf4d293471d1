// What drives the page from outside (Playwright, WebDriver) finds its parts by these test ids.
//
// Landmarks and roles that may be relied on as well: navigation "Conversations", main,
// complementary "This tab" and "Settings", form "Message", log "Conversation" with one article per
// message, status (polite announcements), alert (errors).
//
// State is in attributes:
//   app      data-engine     listing, loading, ready, failed
//            data-answering  true, false
//            data-serving    off, no_model, connecting, serving, waiting, stopped
//   message  data-role       user, assistant
//            data-outcome    streaming, finished, stopped, failed (answers only)
export const testIds = {
  app: 'app',
  // Conversations
  newConversation: 'new-conversation',
  toggleConversations: 'toggle-conversations',
  conversationList: 'conversation-list',
  conversation: 'conversation',
  openConversation: 'open-conversation',
  renameConversation: 'rename-conversation',
  conversationTitle: 'conversation-title',
  deleteConversation: 'delete-conversation',
  confirm: 'confirm',
  cancel: 'cancel',
  // Model and tab
  modelPicker: 'model-picker',
  modelState: 'model-state',
  loadCard: 'load-card',
  loadProgress: 'load-progress',
  loadDetail: 'load-detail',
  loadError: 'load-error',
  toggleTabPanel: 'toggle-tab-panel',
  tabPanel: 'tab-panel',
  capabilitySentences: 'capability-sentences',
  features: 'features',
  builds: 'builds',
  memory: 'memory',
  speed: 'speed',
  // Server
  serveSwitch: 'serve-switch',
  serveState: 'serve-state',
  serveRequests: 'serve-requests',
  apiAddress: 'api-address',
  // Thread
  thread: 'thread',
  welcome: 'welcome',
  suggestion: 'suggestion',
  message: 'message',
  messageText: 'message-text',
  thinking: 'thinking',
  answerState: 'answer-state',
  answerMeasurements: 'answer-measurements',
  answerError: 'answer-error',
  copyMessage: 'copy-message',
  copyCode: 'copy-code',
  regenerate: 'regenerate',
  editMessage: 'edit-message',
  editText: 'edit-text',
  saveEdit: 'save-edit',
  cancelEdit: 'cancel-edit',
  previousVersion: 'previous-version',
  nextVersion: 'next-version',
  versionPosition: 'version-position',
  contextStart: 'context-start',
  jumpToLatest: 'jump-to-latest',
  // Composer
  composer: 'composer',
  send: 'send',
  stop: 'stop',
  tokenRate: 'token-rate',
  firstToken: 'first-token',
  contextUsed: 'context-used',
  // Errors: buttons carry data-action="retry" | "choose_model" | "smaller_context" | ...
  wayOut: 'way-out',
  notice: 'notice',
  // Settings
  toggleSettings: 'toggle-settings',
  settingsPanel: 'settings-panel',
  systemPrompt: 'system-prompt',
  // One input per setting: `setting-temperature`, `setting-top_p`, `setting-top_k`,
  // `setting-min_p`,
  // `setting-repetition_penalty`, `setting-seed`, `setting-max_tokens`.
  setting: 'setting',
  resetSettings: 'reset-settings',
  theme: 'theme',
  shortcuts: 'shortcuts',
  openShortcuts: 'open-shortcuts',
  // For screen readers
  announcer: 'announcer',
} as const;

export type TestId = (typeof testIds)[keyof typeof testIds];
