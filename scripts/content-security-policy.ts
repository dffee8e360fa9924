/** Sent by the server and written into the built page: own origin only, nothing inline, no evaluated strings. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
