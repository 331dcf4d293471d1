# cmake -DFROM=text -DTO=file.cpp -P embed_text.cmake: a text as the bytes of a C++ array.
file(READ "${FROM}" bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x..,)" "\\1\n"
       bytes "${bytes}")
file(WRITE "${TO}" "#include <cstddef>
extern const unsigned char kTesseraCalibrationText[];
extern const std::size_t kTesseraCalibrationTextSize;
const unsigned char kTesseraCalibrationText[] = {
${bytes}};
const std::size_t kTesseraCalibrationTextSize = sizeof(kTesseraCalibrationText);
")
