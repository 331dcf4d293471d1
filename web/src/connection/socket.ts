// A WebSocket as far as a session uses it; tests bring their own.

export interface SocketEvents {
  onOpen: () => void;
  onText: (text: string) => void;
  onBinary: (bytes: ArrayBuffer) => void;
  // Called exactly once, also when the connection could not be made.
  onClose: (code: number) => void;
}

export interface Socket {
  send(text: string): void;
  close(code: number): void;
}

export type OpenSocket = (url: string, subprotocol: string, events: SocketEvents) => Socket;

export const openBrowserSocket: OpenSocket = (url, subprotocol, events) => {
  const socket = new WebSocket(url, subprotocol);
  socket.binaryType = 'arraybuffer';
  socket.onopen = events.onOpen;
  socket.onclose = ({ code }) => events.onClose(code);
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === 'string') events.onText(data);
    else events.onBinary(data);
  };
  return socket;
};

// The address of a server's WebSocket, from its http(s) or ws(s) address.
export function socketUrl(baseUrl: string, path: string): string {
  const url = new URL(path, baseUrl);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  return url.href;
}
