// The callback interface of Debian's libedit-dev; it needs <stdio.h> before it.
#include <stdio.h>
#include <editline/readline.h>
