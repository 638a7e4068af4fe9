/** Where the package is: the tests run from where they were compiled to. */

/** Returns the package's directory. */
export function rootOf(module: string): URL {
  return new URL("../../", module);
}
