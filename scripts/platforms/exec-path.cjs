// Loaded first by every Node of a test under an emulator: a program that starts Node again takes this one, and not the emulator or the bare binary.
process.execPath = process.env.LORALIB_TEST_NODE
