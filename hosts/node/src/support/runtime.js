// Checks that this Node can run the package, before any other module does something. Node would print the minified code
// of the component with the error.

if (typeof WebAssembly?.Suspending !== 'function' || typeof Promise.withResolvers !== 'function') {
  const error = new Error(`hookwright needs Node 24 or newer; this is ${runtimeName()}`);
  error.code = 'HOOKWRIGHT_RUNTIME';
  error.stack = `Error: ${error.message}`;
  throw error;
}

function runtimeName() {
  const { node, bun, deno } = globalThis.process?.versions ?? {};
  if (bun !== undefined) {
    return `Bun ${bun}`;
  }
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`;
}
