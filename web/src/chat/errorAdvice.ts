// What a person reads when something fails, and the ways out that are offered.
import type { TesseraError } from '../index.ts';

type Failure = Pick<TesseraError, 'code' | 'message'>;

export type WayOut =
  | 'retry'
  | 'choose_model'
  | 'smaller_context'
  | 'drop_oldest'
  | 'new_conversation'
  | 'reload_model'
  | 'reload_page';

export interface Advice {
  title: string;
  // One or more sentences.
  explanation: string;
  waysOut: WayOut[];
}

export const kWayOutLabels: Record<WayOut, string> = {
  retry: 'Try again',
  choose_model: 'Choose another model',
  smaller_context: 'Use a smaller context',
  drop_oldest: 'Continue without the oldest turns',
  new_conversation: 'New conversation',
  reload_model: 'Load the model again',
  reload_page: 'Reload the page',
};

interface Row {
  // "%" stands for the model.
  title: string;
  waysOut: WayOut[];
}

const kLoadingRows: Record<string, Row> = {
  out_of_memory: {
    title: '% does not fit into this tab’s memory',
    waysOut: ['smaller_context', 'choose_model'],
  },
  network: { title: 'The server cannot be reached', waysOut: ['retry'] },
  io: { title: 'The server cannot be reached', waysOut: ['retry'] },
  shard_corrupted: { title: '% arrived damaged', waysOut: ['retry', 'choose_model'] },
  invalid_file: { title: '% cannot be read', waysOut: ['retry', 'choose_model'] },
  not_found: { title: 'There is no model “%”', waysOut: ['choose_model', 'retry'] },
  no_backend: { title: 'This browser cannot run a model', waysOut: ['reload_page'] },
  unsupported: { title: '% cannot be run by this version', waysOut: ['choose_model'] },
};

const kListingRows: Record<string, Row> = {
  network: { title: 'The server cannot be reached', waysOut: ['retry'] },
  not_found: { title: 'The server offers no model', waysOut: ['retry'] },
};

const kAnswerRows: Record<string, Row> = {
  context_full: {
    title: 'The conversation is longer than the model’s context',
    waysOut: ['drop_oldest', 'new_conversation'],
  },
  out_of_memory: {
    title: 'This tab ran out of memory',
    waysOut: ['smaller_context', 'choose_model'],
  },
  device_lost: { title: 'The model stopped working', waysOut: ['reload_model', 'retry'] },
  worker_failed: { title: 'The model stopped working', waysOut: ['reload_model', 'retry'] },
  internal: { title: 'The model stopped working', waysOut: ['reload_model', 'retry'] },
};

const kNothingIsLost =
  'Nothing is lost: the oldest turns can stay on this page without being sent to the model.';

// For a model that could not be loaded, or a list of models that could not be had (`model` null).
export function adviceOnLoading(failure: Failure, model: string | null): Advice {
  const row =
    model === null
      ? (kListingRows[failure.code] ?? {
          title: 'The list of models cannot be had',
          waysOut: ['retry' as const],
        })
      : (kLoadingRows[failure.code] ?? {
          title: '% could not be loaded',
          waysOut: ['retry' as const, 'choose_model' as const],
        });
  const explanation = asSentence(failure.message);
  return { ...row, title: row.title.replace('%', model ?? ''), explanation };
}

// For an answer that failed.
export function adviceOnAnswer(failure: Failure): Advice {
  const row = kAnswerRows[failure.code] ?? {
    title: 'There is no answer',
    waysOut: ['retry' as const],
  };
  const isFull = failure.code === 'context_full';
  return { ...row, explanation: isFull ? kNothingIsLost : asSentence(failure.message) };
}

export function asSentence(message: string): string {
  const trimmed = message.trim();
  if (trimmed === '') return 'No reason was given.';
  const capitalized = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(capitalized) ? capitalized : `${capitalized}.`;
}
