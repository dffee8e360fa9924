import { signal } from '@preact/signals';

/** A newer page that was fetched and waits to be taken into use. */
export const waitingUpdate = signal<ServiceWorker | undefined>(undefined);
/** Whether the page and the built-in model are stored, so that it works without a network. */
export const worksOffline = signal(false);

/** Stores the page for use without a network. A browser that cannot, or plain http, goes on without. */
export async function watchOffline(): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator) || !isSecureContext) return;
  const container = navigator.serviceWorker;
  // A relative address: the page works below any path.
  const registration = await container.register('./sw.js').catch(() => undefined);
  if (registration === undefined) return;
  void container.ready.then(() => (worksOffline.value = true));
  const offer = (): void => {
    // The first installation is no update: nothing older is in use.
    if (registration.waiting !== null && container.controller !== null) waitingUpdate.value = registration.waiting;
  };
  offer();
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', offer));
}

/** Takes the newer page into use. */
export function applyUpdate(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waitingUpdate.value?.postMessage({ type: 'SKIP_WAITING' });
}

/** Of Chromium: the browser's offer to install the page as an app, to be made when the person asks. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

export const installPrompt = signal<InstallPrompt | undefined>(undefined);

/** Keeps the browser's offer until it is wanted. */
export function watchInstall(): void {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    installPrompt.value = event as InstallPrompt;
  });
  addEventListener('appinstalled', () => (installPrompt.value = undefined));
}

export async function install(): Promise<void> {
  const offer = installPrompt.value;
  // It can be made once.
  installPrompt.value = undefined;
  await offer?.prompt();
}
