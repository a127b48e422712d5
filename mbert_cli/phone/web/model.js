/** A .tflite file of mbert in LiteRT's web runtime: rows in, outputs out, on one thread of WebAssembly. */

const WARM_UP_RUNS = 10;

export class Model {
  /**
   * Loads the runtime and compiles the model.
   *
   * @param {{runtime: {module: string, wasm: string, origin: string, remedy: string}}} settings
   * @param {string} file Address of the .tflite file.
   * @throws {Error} With a sentence that a person can act on.
   */
  static async open({ runtime }, file) {
    let litert;
    try {
      litert = await import(runtime.module);
    } catch (error) {
      throw new Error(`${runtime.origin} could not be loaded. ${runtime.remedy}`, { cause: error });
    }
    self.Module = { printErr: log, print: log };
    try {
      await litert.loadLiteRt(new URL(runtime.wasm, document.baseURI).href);
    } catch (error) {
      throw new Error(`The WebAssembly of ${runtime.origin} could not be loaded. ${runtime.remedy}`, { cause: error });
    }
    const response = await fetch(file);
    if (!response.ok) {
      throw new Error(`${file} could not be loaded (HTTP ${response.status}). Copy the whole folder of this page.`);
    }
    const content = new Uint8Array(await response.arrayBuffer());
    return new Model(litert, await litert.loadAndCompile(content, { accelerator: "wasm" }));
  }

  /** @private */
  constructor(litert, compiled) {
    this.litert = litert;
    this.runners = Object.values(compiled.signatures)
      .map((runner) => ({ runner, length: inputLength(runner) }))
      .sort((one, other) => one.length - other.length);
  }

  /** Tokens of the longest row. */
  get length() {
    return this.runners[this.runners.length - 1].length;
  }

  /**
   * Runs a row with the shortest signature that holds it.
   *
   * @param {import("./rows.js").Row} row
   * @returns {Promise<Record<string, Float32Array>>} Outputs by name, without the batch axis.
   */
  async run(row) {
    const { runner, length } = this.runnerOf(row);
    const inputs = this.inputs(row, length);
    const outputs = await runner.run(inputs);
    const values = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.toTypedArray().slice()]));
    [...Object.values(inputs), ...Object.values(outputs)].forEach((tensor) => tensor.delete());
    return values;
  }

  /**
   * Times runs of one row, after some that are not timed.
   *
   * @param {import("./rows.js").Row} row
   * @param {number} count
   * @param {(done: number) => void} progress Called now and then, so that the page can show how far it is.
   * @returns {Promise<{times: number[], length: number}>} Milliseconds of each run, and the tokens of the row.
   */
  async time(row, count, progress) {
    const { runner, length } = this.runnerOf(row);
    const inputs = this.inputs(row, length);
    const times = [];
    for (let run = -WARM_UP_RUNS; run < count; run += 1) {
      const start = performance.now();
      const outputs = await runner.run(inputs);
      if (run >= 0) times.push(performance.now() - start);
      Object.values(outputs).forEach((tensor) => tensor.delete());
      if (run % 10 === 0) {
        progress(Math.max(run, 0));
        await new Promise((resolve) => setTimeout(resolve)); // lets the page draw
      }
    }
    Object.values(inputs).forEach((tensor) => tensor.delete());
    return { times, length };
  }

  /** The shortest signature with padding behind the row, which MobileBERT's embedding reads, or the longest there is. */
  runnerOf(row) {
    return this.runners.find(({ length }) => length > row.ids.length) ?? this.runners[this.runners.length - 1];
  }

  inputs(row, length) {
    const padded = (values) => {
      const array = new Int32Array(length);
      array.set(values);
      return new this.litert.Tensor(array, [1, length]);
    };
    return { ids: padded(row.ids), segment_ids: padded(row.segments), mask: padded(row.ids.map(() => 1)) };
  }
}

function inputLength(runner) {
  const ids = runner.getInputDetails().find(({ name }) => name === "ids");
  return ids.shape[ids.shape.length - 1];
}

/** The runtime writes all that it says to the stream of errors, with its severity in front. */
function log(line) {
  if (/^(INFO|VERBOSE)/.test(line)) console.debug(line);
  else if (line.startsWith("WARNING")) console.warn(line);
  else console.error(line);
}
