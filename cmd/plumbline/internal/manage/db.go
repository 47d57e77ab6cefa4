package manage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/storefile"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/structpb"
)

// dbCommand is the family for the file of a store that no server has open.
func (a *app) dbCommand() *cobra.Command {
	return cli.Family("db", "Make, check, measure, copy and compact a store's file", "  plumbline db init plumbline.db\n  plumbline db check plumbline.db",
		a.dbInit(), a.dbCheck(), a.dbStat(), a.dbBackup(), a.dbCompact())
}

// storeArg takes the store from an argument, else from --store.
func storeArg(c *cobra.Command) func(args []string) (string, error) {
	name := c.Flags().String("store", storefile.Default, storefile.Help)
	return func(args []string) (string, error) {
		if len(args) > 0 {
			return storefile.Path(args[0])
		}
		return storefile.Path(*name)
	}
}

// dbInit makes a store. It is the only command besides demo that does.
func (a *app) dbInit() *cobra.Command {
	var store func([]string) (string, error)
	c := cli.Command(cli.Spec{
		Use: "init [FILE]", Short: "Make a new, empty store", Args: cobra.MaximumNArgs(1),
		Long:    "Make a new, empty store. A file that is there already is left alone: serve never\nmakes one by itself, so that a wrong path cannot pass for an empty store.",
		Example: "  plumbline db init plumbline.db",
		Do: func(ctx context.Context, args []string) error {
			path, err := store(args)
			if err != nil {
				return err
			}
			if err := storefile.Create(ctx, path); err != nil {
				return err
			}
			a.Note("made %s; plumbline token create --store %s --role admin first makes the first token", path, path)
			return nil
		},
	})
	store = storeArg(c)
	return c
}

// dbCheck checks a store, by default in a process of its own.
func (a *app) dbCheck() *cobra.Command {
	var store func([]string) (string, error)
	var here bool
	c := cli.Command(cli.Spec{
		Use: "check [FILE]", Short: "Read the whole store and say what is damaged", Args: cobra.MaximumNArgs(1),
		Long:    "Read the whole store, check every page and every record's checksum, and say what\nis damaged. Nothing is changed. No server may have the store open.",
		Example: "  plumbline db check plumbline.db",
		Do: func(ctx context.Context, args []string) error {
			path, err := store(args)
			if err != nil {
				return err
			}
			if here {
				return a.checkStore(ctx, path)
			}
			return a.checkInChild(ctx, path)
		},
	})
	store = storeArg(c)
	c.Flags().BoolVar(&here, "in-process", false, "do not start a process of its own for it")
	if err := c.Flags().MarkHidden("in-process"); err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
	return c
}

// checkInChild checks in a process of its own, since a damage that nobody knows
// of may crash the check, and must not look like a crash of this program.
func (a *app) checkInChild(ctx context.Context, path string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.CommandContext(ctx, self, "db", "check", "--in-process", path)
	child.Stdout, child.Stderr = a.Out, a.Err
	err = child.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if exit.ExitCode() == cli.ExitError {
			return fmt.Errorf("%s is not sound", path)
		}
		return fmt.Errorf("%s is damaged so badly that the check itself crashed (%v); restore a backup", path, err)
	}
	return err
}

// checkStore checks the pages first, and only if they are sound the records: what
// reads records trusts the pages.
func (a *app) checkStore(ctx context.Context, path string) error {
	if err := bolt.Check(ctx, path); err != nil {
		return storefile.Explain(path, err)
	}
	return storefile.With(ctx, path, func(_ *bolt.DB, l *ledger.Ledger) error {
		wrong := 0
		seen, err := l.Verify(ctx, func(e error) bool {
			a.Note("%v", e)
			wrong++
			return wrong < 100
		})
		if err != nil {
			return err
		}
		if wrong > 0 {
			return fmt.Errorf("%s found in %d records", cli.Count(wrong, "fault"), seen.Records)
		}
		a.Note("%s is sound: %d keys and %d records were read", path, seen.Keys, seen.Records)
		return nil
	})
}

// dbStat says how large a store is.
func (a *app) dbStat() *cobra.Command {
	var store func([]string) (string, error)
	c := cli.Command(cli.Spec{
		Use: "stat [FILE]", Short: "Say how large a store is and what was written last", Args: cobra.MaximumNArgs(1),
		Long:    "Say how large a store is and what was written last. No server may have it open; a\nserver tells its store's size at /metrics.",
		Example: "  plumbline db stat plumbline.db",
		Do: func(ctx context.Context, args []string) error {
			path, err := store(args)
			if err != nil {
				return err
			}
			return storefile.With(ctx, path, func(db *bolt.DB, l *ledger.Ledger) error { return a.printStat(ctx, path, db, l) })
		},
	})
	store = storeArg(c)
	return c
}

// printStat prints what the store and the ledger say of themselves.
func (a *app) printStat(ctx context.Context, path string, db *bolt.DB, l *ledger.Ledger) error {
	size, err := db.Stat(ctx)
	if err != nil {
		return err
	}
	var last ledger.Commit
	if err := l.View(ctx, func(tx *ledger.Tx) error { last = tx.Last(); return nil }); err != nil {
		return err
	}
	recorded := ""
	if last.Seq > 0 {
		recorded = time.UnixMicro(last.Recorded).UTC().Format(time.RFC3339Nano)
	}
	m, err := structpb.NewStruct(map[string]any{
		"path": path, "sizeBytes": float64(size.SizeBytes), "freeBytes": float64(size.FreeBytes),
		"commits": float64(last.Seq), "lastRecordedTime": recorded,
	})
	if err != nil {
		return err
	}
	return a.Printer().Emit(m, func(v *render.View) {
		v.Fields([2]string{"store", path}, [2]string{"size", fmt.Sprintf("%d bytes, %d of them free", size.SizeBytes, size.FreeBytes)},
			[2]string{"commits", fmt.Sprint(last.Seq)}, [2]string{"last", recorded})
	})
}

// dbBackup copies a store.
func (a *app) dbBackup() *cobra.Command {
	name := ""
	c := cli.Command(cli.Spec{
		Use: "backup TO", Short: "Copy a store to a new file, and check the copy", Args: cobra.ExactArgs(1),
		Long:    "Copy a store to a new file and read every page of the copy before it gets its\nname. No server may have the store open.",
		Example: "  plumbline db backup --store plumbline.db plumbline-2026-03-01.db",
		Do: func(ctx context.Context, args []string) error {
			return storefile.With(ctx, name, func(db *bolt.DB, _ *ledger.Ledger) error {
				if err := db.Backup(ctx, args[0]); err != nil {
					return storefile.Explain(args[0], err)
				}
				a.Note("copied to %s", args[0])
				return nil
			})
		},
	})
	c.Flags().StringVar(&name, "store", storefile.Default, storefile.Help)
	return c
}

// dbCompact gives a store's free space back to the file system.
func (a *app) dbCompact() *cobra.Command {
	var store func([]string) (string, error)
	to := ""
	c := cli.Command(cli.Spec{
		Use: "compact [FILE]", Short: "Give a store's free space back to the file system", Args: cobra.MaximumNArgs(1),
		Long: `Write what a store holds to a new file without free pages, read every page of
it again, and put it in the place of the old one, or where --to says. No server
may have the store open. As much space as the store holds must be free meanwhile.`,
		Example: "  plumbline db compact plumbline.db\n  plumbline db compact plumbline.db --to small.db",
		Do: func(ctx context.Context, args []string) error {
			path, err := store(args)
			if err != nil {
				return err
			}
			return a.compact(ctx, path, to)
		},
	})
	store = storeArg(c)
	c.Flags().StringVar(&to, "to", "", "write the copy here and leave the store as it is")
	return c
}

// compact compacts the store at path, in place where to is empty.
func (a *app) compact(ctx context.Context, path, to string) error {
	target := to
	if to == "" {
		target = path + ".compacted"
	}
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := storefile.With(ctx, path, func(db *bolt.DB, _ *ledger.Ledger) error { return db.Compact(ctx, target) }); err != nil {
		return storefile.Explain(target, err)
	}
	after, err := os.Stat(target)
	if err != nil {
		return err
	}
	if to == "" {
		if err := os.Rename(target, path); err != nil {
			return err
		}
		target = path
	}
	a.Note("%s has %d bytes; it had %d", target, after.Size(), before.Size())
	return nil
}
