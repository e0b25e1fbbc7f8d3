// The wire layout and the process contract of FastCGI, as Debian's libfcgi-dev states them.
#include <fastcgi.h>
#include <fcgiapp.h>
