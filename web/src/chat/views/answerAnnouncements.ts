// Tells screen readers that an answer began and, once, what it was: not every token.
import type { ChatSession } from '../answers/chatSession.ts';
import type { RunningAnswer } from '../answers/runningAnswer.ts';
import { splitThinking } from '../markdown/answerText.ts';
import { announce } from './announcer.ts';

// Longer answers are read in the thread; the beginning tells whether that is worth while.
const kSpokenLengthMax = 300;

export function announceAnswers(session: ChatSession): void {
  let running: RunningAnswer | null = null;
  session.view.subscribe((view) => {
    if (view.running && view.running !== running) announce('The model is answering.');
    else if (!view.running && running) announce(describeEnd(running));
    running = view.running;
  });
}

function describeEnd({ message }: RunningAnswer): string {
  const { answer } = splitThinking(message.content, true);
  const spoken =
    answer.length > kSpokenLengthMax
      ? `${answer.slice(0, kSpokenLengthMax)}… The rest is in the conversation.`
      : answer;
  switch (message.outcome?.type) {
    case 'failed':
      return 'The answer failed.';
    case 'stopped':
      return 'The answer was stopped.';
    // The conversation was left while the answer went on.
    case 'streaming':
      return '';
    case 'finished':
    case undefined:
      return `Answer: ${spoken}`;
  }
}
