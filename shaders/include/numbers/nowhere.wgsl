// An offset that says that there is no such tensor.
const nowhere = 0xffffffffu;
