// How this library calls itself to servers.
export const kAgent = 'tessera-web/0.1.0';
