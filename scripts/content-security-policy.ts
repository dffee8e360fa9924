/**
 * Servers that the page may load models from: the Hugging Face hub and the stores it redirects to. Who hosts the page and
 * models of their own elsewhere adds that origin.
 */
const MODEL_SERVERS = ['https://huggingface.co', 'https://*.huggingface.co', 'https://*.hf.co'];

/** Sent by the server and written into the built page: own origin and models, nothing inline, no evaluated strings. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  `connect-src 'self' ${MODEL_SERVERS.join(' ')}`,
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
