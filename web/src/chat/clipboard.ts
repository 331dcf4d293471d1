// Copies text, and says so where the reader looks and to screen readers.
import { announce } from './views/announcer.ts';

const kConfirmationMs = 1600;

export async function copyText(text: string, trigger: HTMLElement): Promise<void> {
  const copied = await writeClipboard(text);
  announce(copied ? 'Copied.' : 'The browser does not allow copying here.');
  trigger.dataset['copied'] = copied ? 'yes' : 'no';
  window.setTimeout(() => delete trigger.dataset['copied'], kConfirmationMs);
}

async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// For pages without the clipboard API: plain http on another host, and WebDriver sessions.
function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  const focused = document.activeElement;
  field.value = text;
  field.className = 'visually-hidden';
  field.setAttribute('aria-hidden', 'true');
  document.body.append(field);
  field.select();
  let copied: boolean;
  try {
    // The only way without the clipboard API, deprecated or not.
    copied =
      (document as { execCommand?: (name: string) => boolean }).execCommand?.('copy') ?? false;
  } catch {
    copied = false;
  }
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
