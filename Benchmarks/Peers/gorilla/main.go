// A peer: gorilla/websocket, two goroutines a session in the room, one where it only echoes.
package main

import (
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/gorilla/websocket"
)

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

func echo(w http.ResponseWriter, r *http.Request) {
	connection, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer connection.Close()
	for {
		kind, message, err := connection.ReadMessage()
		if err != nil || connection.WriteMessage(kind, message) != nil {
			return
		}
	}
}

var (
	mutex   sync.Mutex
	members = map[chan *websocket.PreparedMessage]bool{}
)

func room(w http.ResponseWriter, r *http.Request) {
	connection, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer connection.Close()
	down := make(chan *websocket.PreparedMessage, 64)
	mutex.Lock()
	members[down] = true
	mutex.Unlock()
	go func() {
		for message := range down {
			if connection.WritePreparedMessage(message) != nil {
				connection.Close()
			}
		}
	}()
	for {
		kind, bytes, err := connection.ReadMessage()
		if err != nil {
			break
		}
		// The frame is made once for all.
		message, err := websocket.NewPreparedMessage(kind, bytes)
		if err != nil {
			break
		}
		mutex.Lock()
		for member := range members {
			member <- message
		}
		mutex.Unlock()
	}
	mutex.Lock()
	delete(members, down)
	mutex.Unlock()
	close(down)
}

func main() {
	http.HandleFunc("/gorilla/echo", echo)
	http.HandleFunc("/gorilla/room", room)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
