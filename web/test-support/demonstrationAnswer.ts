// Answers that show what the page can render.
import type { ChatMessage } from '../src/index.ts';

export function demonstrationAnswer(messages: ChatMessage[]): string {
  const question = messages.at(-1)?.content ?? '';
  if (typeof question !== 'string') return kShort;
  if (/python|code|function/i.test(question)) return kCode;
  if (/idea|list|table/i.test(question)) return kLists;
  if (/long/i.test(question)) return Array.from({ length: 40 }, () => kLists + kCode).join('\n\n');
  return kShort;
}

const kShort = `A rainbow forms when sunlight enters drops of rain: each drop **bends** the light, reflects it once at its back, and bends it again on the way out. Because *blue* light is bent more than *red*, the colours leave the drop at slightly different angles. You see the drops that send you red about 42° from the point opposite the sun, and those that send you violet about 40° from it.`;

const kCode = `Here is a function that reverses a string, with a slice:

\`\`\`python
def reverse(text: str) -> str:
    """Return text with its characters in the opposite order."""
    return text[::-1]


print(reverse("Tessera"))  # aresseT, and here is a comment that goes on far beyond the edge of the block
\`\`\`

The slice \`[::-1]\` takes every character from the end to the beginning. It works on code points, so characters that are made of several, such as 👩‍🚀, come apart. <script>alert(1)</script>
`;

const kLists = `Here are some ideas:

1. **Bake something.** Bread takes a whole afternoon, and most of it is waiting.
2. **Read a book** that you have started twice.
3. **Go for a walk anyway**:
   - take a warm coat,
   - and a thermos with tea.

> Rain is only water that has not yet found its river.

| Idea | Hours | Costs |
|---|---:|---|
| Bread | 4 | little |
| Book | 6 | nothing |
| Walk | 2 | nothing but dry socks |

### And then

See [the weather](https://example.com) for tomorrow.

---

`;
