// bcryptprimitives.dll for wine 8, which lacks it: the one function that Rust's library takes from it.
int __stdcall SystemFunction036(void *bytes, unsigned long length);

__declspec(dllexport) int ProcessPrng(unsigned char *bytes, unsigned long long length) {
  return SystemFunction036(bytes, (unsigned long)length);
}
