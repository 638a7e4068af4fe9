/** Small media of each kind, which hosts tell by their content. */

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC",
  "base64",
);

/** A WAV file of `seconds` of silence. */
function wav(seconds) {
  const samples = Buffer.alloc(8000 * seconds * 2);
  const head = Buffer.from("RIFF....WAVEfmt ....................data....", "latin1");
  head.writeUInt32LE(36 + samples.length, 4);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(16000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** The first box of an MP4 file and an empty one after it. */
const MP4 = Buffer.from("\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41\0\0\0\x08free", "latin1");

/** A glTF scene with nothing in it. */
function glb() {
  const scene = Buffer.from('{"asset":{"version":"2.0"}}     ');
  const head = Buffer.from("glTF................", "latin1");
  head.writeUInt32LE(2, 4);
  head.writeUInt32LE(20 + scene.length, 8);
  head.writeUInt32LE(scene.length, 12);
  head.write("JSON", 16);
  return Buffer.concat([head, scene]);
}

export const MEDIA = {
  image: { bytes: PNG, type: "image/png", name: "image.png" },
  audio: { bytes: wav(1), type: "audio/wav", name: "audio.wav" },
  video: { bytes: MP4, type: "video/mp4", name: "video.mp4" },
  "3d": { bytes: glb(), type: "model/gltf-binary", name: "mesh.glb" },
};
