// Turns a conversation into the text a model was trained on, by the template in its package.
import { Template } from '@huggingface/jinja';
import type { ChatMessage } from '../engine/openaiTypes.ts';
import type { PackageManifest } from '../loading/manifest.ts';
import { TesseraError } from '../tesseraError.ts';

export class ChatTemplate {
  readonly #template: Template;
  readonly #specialTokens: Record<string, string>;

  // Errors: "unsupported" if the model has no template, "invalid_file" if it cannot be parsed.
  constructor(manifest: Pick<PackageManifest, 'name' | 'chatTemplate' | 'specialTokens'>) {
    if (manifest.chatTemplate === null) {
      throw new TesseraError(
        'unsupported',
        `${manifest.name} has no chat template: it can continue a text, but not chat.`,
      );
    }
    try {
      this.#template = new Template(manifest.chatTemplate);
    } catch (thrown) {
      throw new TesseraError(
        'invalid_file',
        `The chat template of ${manifest.name} cannot be read: ${reasonOf(thrown)}`,
        { cause: thrown },
      );
    }
    this.#specialTokens = manifest.specialTokens;
  }

  // The prompt that ends where the assistant's next turn begins.
  // Errors: "invalid_argument" if there is no message, or the template refuses the conversation.
  render(messages: readonly ChatMessage[]): string {
    if (messages.length === 0) {
      throw new TesseraError('invalid_argument', 'The conversation has no messages.');
    }
    try {
      return this.#template.render({
        ...this.#specialTokens,
        messages: messages.map(plainMessage),
        add_generation_prompt: true,
      });
    } catch (thrown) {
      throw new TesseraError(
        'invalid_argument',
        `The model's chat template refuses this conversation: ${reasonOf(thrown)}`,
        { cause: thrown },
      );
    }
  }
}

// Templates know the roles of Hugging Face and contents that are one string.
function plainMessage(message: ChatMessage): Record<string, string> {
  const role = message.role === 'developer' ? 'system' : message.role;
  const content =
    typeof message.content === 'string'
      ? message.content
      : message.content.map((part) => part.text).join('');
  return message.name === undefined ? { role, content } : { role, content, name: message.name };
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
