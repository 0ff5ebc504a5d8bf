package portal_test

import (
	"strconv"
	"testing"

	"github.com/waypost/waypost/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func idOf[T ~int64](id T) string { return strconv.FormatInt(int64(id), 10) }
